"""`POST /-/prefetch` to the real program: what is fetched, what is told, what is refused."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from modproxy.mod.archive import go_mod_hash
from tests.modproxy.fake_upstream import FakeUpstream, Gate, status
from tests.modproxy.module_files import go_mod
from tests.modproxy.proxy_process import ProxyProcess, Reply

ZEROS = "h1:" + "A" * 43 + "="


async def post(proxy: ProxyProcess, body: str | bytes, **headers: str) -> tuple[Reply, list[dict[str, Any]]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with proxy.session.post(f"{proxy.url}/-/prefetch", data=body, headers=named) as answer:
        reply = Reply(answer.status, await answer.read(), CIMultiDict(answer.headers))
    lines = [json.loads(line) for line in reply.text.splitlines()] if reply.status == 200 else []
    return reply, lines


def files(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {
        f"{line['module']}@{line['version']}.{line['file']}": line["outcome"]
        for line in lines
        if line["event"] == "file"
    }


async def test_a_go_sum_is_fetched_whole_and_then_held(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.add("example.com/other", "v1.0.0")
    mod = go_mod_hash(go_mod("example.com/other"))
    body = f"example.com/Mixed v1.0.0 {ZEROS}\nexample.com/other v1.0.0/go.mod {mod}\nexample.com/gone v1.0.0 {ZEROS}\n"
    reply, lines = await post(proxy, body)
    assert reply.headers["Content-Type"] == "application/x-ndjson"
    assert lines[0] == {"event": "start", "source": "go.sum", "versions": 3, "files": 7}
    found = files(lines)
    assert found == {
        "example.com/Mixed@v1.0.0.mod": "fetched", "example.com/Mixed@v1.0.0.info": "fetched",
        "example.com/Mixed@v1.0.0.zip": "mismatch", "example.com/other@v1.0.0.mod": "fetched",
        "example.com/gone@v1.0.0.mod": "absent",
    }  # fmt: skip
    end = lines[-1]
    assert (end["event"], end["files"], end["absent"], end["mismatch"], end["complete"]) == ("end", 7, 3, 1, False)
    assert "SECURITY" in proxy.log()
    assert "example.com/other/@v/v1.0.0.zip" not in upstream.requests
    upstream.requests.clear()
    _, lines = await post(proxy, f"example.com/other v1.0.0/go.mod {mod}\n")
    assert files(lines) == {"example.com/other@v1.0.0.mod": "held"}
    assert lines[-1]["complete"] and not upstream.requests
    assert 'modproxy_prefetch_files_total{outcome="mismatch"} 1.0' in await proxy.metrics()


async def test_a_go_mod_with_replacements(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.add("example.com/fork", "v1.2.3")
    _, lines = await post(
        proxy,
        "module example.com/me\nrequire (\n\texample.com/Mixed v1.1.0 // indirect\n\texample.com/a v1.0.0\n"
        "\texample.com/b v1.0.0\n)\nreplace example.com/a => example.com/fork v1.2.3\nreplace example.com/b => ../b\n",
    )
    assert set(files(lines).values()) == {"fetched"} and len(files(lines)) == 6
    skipped = [line["module"] for line in lines if line["event"] == "skipped"]
    assert skipped == ["example.com/b"] and lines[-1]["complete"]
    assert "example.com/fork/@v/v1.2.3.zip" in await proxy.held()


async def test_the_rules_of_clients_hold(upstream: FakeUpstream, tmp_path: Path) -> None:
    config = {
        "upstream": {"goproxy": upstream.url}, "modules": {"deny": ["example.com/evil"]},
        "access": {"anonymous": ["read"], "rules": []},
    }  # fmt: skip
    body = "module m.example\nrequire example.com/Mixed v1.0.0\nrequire example.com/evil v1.0.0\n"
    async with ProxyProcess(tmp_path, config) as proxy:
        reply, _ = await post(proxy, body)
        assert reply.status == 403 and "fetch" in reply.text
        proxy.write_config(access={"anonymous": ["read", "fetch"]}, audit={"to": ["File"]})
        await proxy.until_report(lambda report: report.config.generation == 2)
        _, lines = await post(proxy, body)
        assert next(line["reason"] for line in lines if line.get("outcome") == "refused").startswith("forbidden")
        assert (lines[-1]["refused"], lines[-1]["fetched"]) == (3, 3)
        assert not [path for path in upstream.requests if "evil" in path]


async def test_what_is_no_prefetch_gets_a_sentence(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    good = "module m.example\nrequire example.com/Mixed v1.0.0\n"
    for body, code, words in (
        ("", 400, "empty"), ("module m.example\nrequire example.com/a master\n", 400, "line 2"),
        (b"x" * (5 << 20), 413, "bytes"),
    ):  # fmt: skip
        reply, _ = await post(proxy, body)
        assert reply.status == code and words in reply.text, reply
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        reply, _ = await post(proxy, good, **headers)
        assert reply.status == 403 and "web page" in reply.text
    assert (await proxy.get("-/prefetch")).status == 405
    assert not upstream.requests


async def test_a_client_that_leaves_ends_the_work(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    versions = [f"v1.0.{number}" for number in range(200)]
    upstream.add("example.com/many", *versions)
    gate = Gate(upstream.files["example.com/many/@v/v1.0.0.mod"], 0)
    for version in versions:
        upstream.behaviours[f"example.com/many/@v/{version}.mod"] = gate
    body = "module m.example\n" + "".join(f"require example.com/many {version}\n" for version in versions)
    async with proxy.session.post(f"{proxy.url}/-/prefetch", data=body) as answer:
        await answer.content.readline()
        await gate.begun.wait()
    gate.open.set()
    async with asyncio.timeout(10):
        while 'endpoint="prefetch"' not in await proxy.metrics():
            await asyncio.sleep(0.02)
    assert len(upstream.requests) < 100
    upstream.behaviours.clear()
    _, lines = await post(proxy, body)
    assert lines[-1]["complete"] and lines[-1]["files"] == 600


async def test_an_upstream_that_is_busy_is_asked_again(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = "example.com/!mixed/@v/v1.0.0.info"
    answers = iter([status(503, headers={"Retry-After": "1"})])

    async def busy_once(request: web.BaseRequest) -> web.StreamResponse:
        behaviour = next(answers, None)
        return await behaviour(request) if behaviour else web.Response(body=upstream.files[key])

    upstream.behaviours[key] = busy_once
    _, lines = await post(proxy, "module m.example\nrequire example.com/Mixed v1.0.0\n")
    assert lines[-1]["complete"], lines
