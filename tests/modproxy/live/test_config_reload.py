"""The config file is watched: a good config takes effect without a restart, a bad one is only reported."""

import asyncio
import base64
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.report import Report
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import new_secret

M = "example.com/!mixed"
LIST = f"{M}/@v/list"


async def reported(proxy: ProxyProcess, generation: int = 1, *, error: bool = False) -> Report:
    return await proxy.until_report(
        lambda report: report.config.generation >= generation and (report.config.error is not None) is error
    )


async def test_deny_and_allow(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.add("example.com/other/sub", "v1.0.0")
    assert (await proxy.get(LIST)).status == 200
    proxy.write_config(fleet="build/team-a", modules={"allow": ["example.com/other"], "contact": "#go-help"})
    await reported(proxy, 2)
    refused = await proxy.get(LIST)
    assert refused.status == 403
    assert "modules.allow" in refused.text
    assert "build/team-a" in refused.text
    assert "#go-help" in refused.text
    assert len(refused.text.splitlines()) <= 8
    assert (await proxy.get("example.com/other/sub/@v/list")).status == 200
    proxy.write_config(modules={"deny": ["*.com/other/s?b"]})
    await reported(proxy, 3)
    denied = await proxy.get("example.com/other/sub/@v/v1.0.0.zip")
    assert (denied.status, "*.com/other/s?b" in denied.text) == (403, True)
    assert (await proxy.get(LIST)).status == 200
    assert (await proxy.report()).requests["denied"] == 2


async def test_dry_run_serves_and_counts(proxy: ProxyProcess) -> None:
    proxy.write_config(modules={"mode": "DryRun", "deny": ["example.com"]})
    await reported(proxy, 2)
    assert (await proxy.get(LIST)).status == 200
    assert 'modproxy_policy_refusals_total{mode="DryRun",rule="modules"} 1.0' in await proxy.metrics()
    assert "would be refused" in proxy.log()


async def test_dry_run_weakens_nothing_that_is_imposed(proxy: ProxyProcess) -> None:
    imposed = {"by": "GoProxyClass standard", "deny": ["example.com"]}
    proxy.write_config(modules={"mode": "DryRun", "imposed": imposed})
    await reported(proxy, 2)
    refused = await proxy.get(LIST)
    assert refused.status == 403
    assert "GoProxyClass standard has example.com in modules.deny" in refused.text
    assert 'modproxy_policy_refusals_total{mode="Enforce",rule="class"} 1.0' in await proxy.metrics()


async def test_the_allowlist_file_is_in_force_even_when_empty_and_watched(proxy: ProxyProcess) -> None:
    listed = proxy.folder / "allowlist"
    listed.write_text("# nothing yet\n")
    proxy.write_config(modules={"allowlistFile": "allowlist"})
    await reported(proxy, 2)
    assert (await proxy.get(LIST)).status == 403
    listed.write_text("example.com/Mixed # ours\n")
    await reported(proxy, 3)
    assert (await proxy.get(LIST)).status == 200
    listed.write_text("example.com/Mixed\n[bad\n")
    report = await reported(proxy, 3, error=True)
    assert "line 2" in (report.config.error or "")
    assert (await proxy.get(LIST)).status == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modules": {"alow": []}}, "modules.alow: unknown key"),
        ({"modules": {"allow": ["[a"]}}, "modules.allow[0]: "),
        ({"upstream": {"goproxy": "ftp://x.example.com"}}, "upstream.goproxy: "),
        ({"upstream": {"timeout": "soon"}}, "upstream.timeout: 'soon' is not a duration"),
        ({"cache": {"sizeBytes": 0}}, "cache.sizeBytes: "),
        ({"schemaVersion": 2}, "schemaVersion: "),
    ],
)
async def test_a_bad_config_keeps_the_old_one(proxy: ProxyProcess, change: dict[str, Any], words: str) -> None:
    before = (await proxy.report()).config
    proxy.write_config(**change)
    after = (await reported(proxy, error=True)).config
    assert words in (after.error or "")
    assert (after.hash, after.generation) == (before.hash, before.generation)
    assert words in proxy.log()
    assert "modproxy_config_error 1.0" in await proxy.metrics()
    assert (await proxy.get(LIST)).status == 200


async def test_half_a_file_and_none_are_bad_configs_too(proxy: ProxyProcess) -> None:
    proxy.config_file.write_text('{"modules": ')
    assert "not JSON" in ((await reported(proxy, error=True)).config.error or "")
    proxy.config_file.unlink()
    await proxy.until_report(lambda report: "No such file" in (report.config.error or ""))
    proxy.write_config()
    assert (await reported(proxy)).config.error is None


async def test_a_change_drops_no_connection(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    gate = fake.Gate(upstream.files[LIST], 5)
    upstream.behaviours[LIST] = gate
    waiting = asyncio.create_task(proxy.get(LIST))
    await gate.begun.wait()
    proxy.write_config(upstream={"goproxy": "off"})
    await reported(proxy, 2)
    gate.open.set()
    assert (await waiting).status == 200
    reply = await proxy.get(f"{M}/@v/v1.0.0.mod")
    assert (reply.status, "off" in reply.text) == (404, True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"listen": "nowhere"}', "listen: "),
        ('{"modules": {"mode": "Maybe"}}', "modules.mode: "),
        ('{"upstream": {"goproxy": ""}}', "upstream.goproxy: "),
    ],
)
def test_a_bad_config_at_the_start_is_one_line_and_exit_2(tmp_path: Path, document: str, words: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(document)
    done = subprocess.run(
        [sys.executable, "-m", "modproxy", "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert str(file) in done.stderr


async def test_a_taken_port_is_one_line_and_exit_1(proxy: ProxyProcess, tmp_path: Path) -> None:
    file = tmp_path / "second.json"
    file.write_text(json.dumps({"listen": proxy.url.removeprefix("http://")}))
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "modproxy", "--config", str(file), stderr=asyncio.subprocess.PIPE
    )
    _, err = await done.communicate()
    assert done.returncode == 1
    assert b"cannot listen" in err
    assert len(err.splitlines()) == 1


async def test_sigterm_lets_requests_in_flight_finish(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    proxy.write_config(shutdown={"delay": "500ms", "timeout": "10s"})
    await reported(proxy, 2)
    gate = fake.Gate(upstream.files[LIST], 5)
    upstream.behaviours[LIST] = gate
    waiting = asyncio.create_task(proxy.get(LIST))
    await gate.begun.wait()
    ending = asyncio.create_task(proxy.kill(signal.SIGTERM))
    await proxy.until_report(lambda report: not report.ready)
    assert (await proxy.session.get(f"{proxy.admin_url}/-/readyz")).status == 503
    late = await proxy.get(f"{M}/@v/v1.0.0.mod")
    assert (late.status, late.headers["Connection"]) == (200, "close")
    await asyncio.sleep(0.6)
    gate.open.set()
    assert (await waiting).body == upstream.files[LIST]
    assert await ending == 0


async def test_its_own_listener_is_left_out_of_the_chain(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    proxy.write_config(upstream={"goproxy": f"{proxy.url.replace('127.0.0.1', 'localhost')},{upstream.url}"})
    report = await reported(proxy, 2)
    assert any("own listener" in warning for warning in report.config.warnings)
    assert (await proxy.get(LIST)).status == 200
    proxy.write_config(upstream={"goproxy": proxy.url})
    await reported(proxy, 3)
    assert (await proxy.get(f"{M}/@v/v1.1.0.mod")).status == 508


async def test_an_upstream_that_wants_a_login_gets_it_and_its_rotation(
    proxy: ProxyProcess, upstream: FakeUpstream, tmp_path: Path
) -> None:
    secret = tmp_path / "secrets" / "upstream-login"
    secret.mkdir(parents=True)
    (secret / "username").write_text("robot")
    credentials = [{"pattern": "127.0.0.1", "secretName": "upstream-login"}]
    for generation, password in enumerate([new_secret("first"), new_secret("second")], start=2):
        (secret / "password").write_text(password)
        proxy.write_config(
            secretsDir=str(tmp_path / "secrets"), upstream={"goproxy": upstream.url, "credentials": credentials}
        )
        await reported(proxy, 2)
        assert (await proxy.get(f"{M}/@v/v1.{generation - 2}.0.mod")).status == 200
        expected = base64.b64encode(f"robot:{password}".encode()).decode()
        assert upstream.headers[-1]["Authorization"] == f"Basic {expected}"


async def test_without_an_upstream_the_machines_own_setting_holds(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with ProxyProcess(tmp_path, {}, env={"GOPROXY": f"{upstream.url},off"}) as proxy:
        assert (await proxy.get(LIST)).status == 200
        absent = await proxy.get("example.com/absent/@v/list")
        assert (absent.status, "off" in absent.text) == (404, True)


HOSTS = ("a" * 64 + ".example.com", "a..example.com", ".example.com", "\u00e4" * 63 + ".example.com", "xn--\u00df.com")


@pytest.mark.parametrize("host", HOSTS, ids=ascii)
async def test_a_host_that_no_codec_takes_keeps_no_rule_away(proxy: ProxyProcess, host: str) -> None:
    """The upstream has the port of the listener, so that its name is looked up when the config is taken."""
    port = proxy.url.rpartition(":")[2]
    before = await proxy.report()
    proxy.write_config(
        upstream={"goproxy": f"http://{host}:{port}", "gosumdb": "off"}, modules={"deny": ["example.com"]}
    )
    told = await proxy.until_report(lambda report: report.config.generation > 1 or report.config.error is not None)
    if told.config.error is None:
        assert (await proxy.get(LIST)).status == 403, "all of the config is in force"
    else:
        assert told.config.hash == before.config.hash
        assert (await proxy.get(LIST)).status == 200, "the last good rules stay in force"
        assert proxy.log().count("config refused") == 1
    proxy.write_config(upstream={"goproxy": "off", "gosumdb": "off"}, modules={"deny": ["example.com"]})
    await proxy.until_report(lambda report: report.config.error is None and report.config.hash != before.config.hash)
    assert (await proxy.get(LIST)).status == 403, "it goes on to follow its config"
