"""What the program writes on its two streams, as a process."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_each_program_says_its_version_in_one_line() -> None:
    for module, name in (("modproxy", "modproxy"), ("goproxy_operator", "goproxy-operator")):
        code, out, err = await run(module, "--version")
        assert (code, err) == (0, "")
        assert out.startswith(f"{name} ")
        assert out.count("\n") == 1


async def test_each_event_is_one_object_in_json(upstream: FakeUpstream, tmp_path: Path) -> None:
    config = {"fleet": "build/team-a", "upstream": {"goproxy": f"{upstream.url},http://127.0.0.1:1", "gosumdb": "off"}}
    async with ProxyProcess(tmp_path, config, arguments=("--log-format", "json")) as proxy:
        assert (await proxy.get("example.com/none/@v/list", X_Request_Id="from-ci")).status == 502
        proxy.config_file.write_text("{\n")
        await proxy.until_report(lambda report: report.config.error is not None)
        assert await proxy.kill(signal.SIGTERM) == 0
        lines = [json.loads(line) for line in proxy.log().splitlines()]
    for line in lines:
        assert list(line)[:4] == ["time", "level", "logger", "message"]
        assert (line["namespace"], line["fleet"]) == ("build", "team-a")
    levels = {line["message"].partition(":")[0]: line["level"] for line in lines}
    assert levels["not fetched"] == "WARNING"
    assert levels["stopped"] == "INFO"
    assert next(level for words, level in levels.items() if words.startswith("config refused")) == "ERROR"
    (failed,) = [line for line in lines if line["message"].startswith("not fetched")]
    assert failed["target"] == "example.com/none list"
    assert [line.get("req_id") for line in lines if line is not failed] == [None] * (len(lines) - 1)
    assert failed["req_id"] == "from-ci"


async def test_an_absence_is_no_warning(proxy: ProxyProcess) -> None:
    assert (await proxy.get("example.com/none/@v/list")).status == 404
    assert "INFO modproxy.cache.lookup: not fetched: " in proxy.log()
    assert "WARNING" not in proxy.log()


async def test_the_last_words_in_json(tmp_path: Path) -> None:
    bad = tmp_path / "config.json"
    bad.write_text("[")
    code, out, err = await run("modproxy", "--config", str(bad), "--log-format", "json")
    assert (code, out) == (2, "")
    line = json.loads(err)
    assert (line["level"], line["logger"]) == ("CRITICAL", "modproxy")
    assert "not JSON" in line["message"]
    code, out, err = await run(
        "goproxy_operator", "run", "--image=x", "--kubeconfig=/nonexistent", "--lease-namespace=x", "--log-format=json"
    )
    assert (code, out) == (1, "")
    assert json.loads(err)["message"] == "/nonexistent is no file: name a kubeconfig with --kubeconfig FILE"
