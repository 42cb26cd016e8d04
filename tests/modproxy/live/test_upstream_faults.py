"""Faults of an upstream: clients get the right status, no file is published, and the next request succeeds."""

import asyncio
import hashlib
import random
import zipfile

import aiohttp
import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import Behaviour, FakeUpstream
from tests.modproxy.module_files import info, module_zip, raw_zip
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed"
MOD, ZIP, LIST, INFO = f"{M}/@v/v1.0.0.mod", f"{M}/@v/v1.0.0.zip", f"{M}/@v/list", f"{M}/@v/v1.0.0.info"
GO_MOD = b"module example.com/Mixed\n\ngo 1.21\n"


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (fake.status(404, "no such version"), 404, "no such version"),
        (fake.status(410, "gone for good"), 410, "gone for good"),
        (fake.status(403, "not for you"), 403, "not for you"),
        (fake.status(401), 502, "401"),
        (fake.status(400, "what?"), 502, "what?"),
        (fake.status(429, "slower", {"Retry-After": "7"}), 503, "slower"),
        (fake.status(500, "oops"), 502, "oops"),
        (fake.status(502), 502, "502"),
        (fake.status(503, "later"), 503, "later"),
        (fake.status(504), 504, "504"),
        (fake.status(302, "", {"Location": "/" + MOD}), 502, "redirected"),
        (fake.body(b"<html><body>Sign in</body></html>", "text/html"), 502, "refused"),
        (fake.body(b""), 502, "refused"),
        (fake.cut(GO_MOD, 10), 502, "cut"),
        (fake.cut(GO_MOD, 10, announce=False), 502, "whole"),
        (fake.cut(GO_MOD, 0), 502, "cut"),
    ],
)
async def test_a_small_file(
    proxy: ProxyProcess, upstream: FakeUpstream, behaviour: Behaviour, status: int, words: str
) -> None:
    upstream.behaviours[MOD] = behaviour
    reply = await proxy.get(MOD)
    assert (reply.status, words in reply.text) == (status, True), reply.text
    assert "text/plain" in reply.headers["Content-Type"]
    assert await proxy.held() == []
    if status == 503 and "slower" in words:
        assert reply.headers["Retry-After"] == "7"
    del upstream.behaviours[MOD]
    if status not in (404, 410):  # an absence is remembered for a while
        assert (await proxy.get(MOD)).body == upstream.files[MOD]


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (INFO, info("v1.0.1")),
        (INFO, b"{}"),
        (INFO, b'{"Version": 1}'),
        (INFO, b"<html>"),
        (f"{M}/@latest", b'{"Version": "v2.0.0"}'),
        (f"{M}/@latest", b"null"),
        (LIST, b"<html>\n<body>hello</body>"),
        (LIST, b"\xff\xfe"),
        (MOD, b"no go.mod at all"),
    ],
)
async def test_an_answer_to_another_question(
    proxy: ProxyProcess, upstream: FakeUpstream, key: str, answer: bytes
) -> None:
    upstream.behaviours[key] = fake.body(answer)
    reply = await proxy.get(key)
    assert reply.status == 502
    assert "refused" in reply.text
    assert await proxy.held() == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"not a zip", "zip"),
        (module_zip("example.com/other", "v1.0.0", {"go.mod": GO_MOD}), "does not start with"),
        (module_zip("example.com/Mixed", "v1.0.1", {"go.mod": GO_MOD}), "does not start with"),
        (module_zip("example.com/Mixed", "v1.0.0", {"../evil": b""}), "invalid path element"),
        (module_zip("example.com/Mixed", "v1.0.0", {"a/go.mod": b""}), "go.mod"),
        (module_zip("example.com/Mixed", "v1.0.0", {"a.go": b"", "A.go": b""}), "case"),
        (module_zip("example.com/Mixed", "v1.0.0", {"aux.go": b""}), "Windows"),
        (module_zip("example.com/Mixed", "v1.0.0", {"go.mod": bytes((16 << 20) + 1)}), "larger"),
        (raw_zip({"example.com/Mixed@v1.0.0/a": bytes(501 << 20)}), "unpacks to more"),
        (raw_zip({"example.com/Mixed@v1.0.0/a": b"x" * 99}, compression=zipfile.ZIP_BZIP2), "method"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_unlawful_zip_is_never_whole_and_the_next_request_is_told_why(
    proxy: ProxyProcess, upstream: FakeUpstream, bad: bytes, words: str
) -> None:
    good = upstream.files[ZIP]
    upstream.files[ZIP] = bad
    if len(bad) <= 64 << 10:
        first = await proxy.get(ZIP)
        assert (first.status, words in first.text) == (502, True), first.text
    else:
        with pytest.raises(aiohttp.ClientPayloadError):
            await proxy.get(ZIP)
    second = await proxy.get(ZIP)
    assert (second.status, words in second.text) == (502, True), second.text
    assert await proxy.held() == []
    upstream.files[ZIP] = good
    assert (await proxy.get(ZIP)).body == good


@pytest.mark.parametrize("announce", [True, False])
async def test_a_zip_cut_short(proxy: ProxyProcess, upstream: FakeUpstream, announce: bool) -> None:
    upstream.add("example.com/big", "v1.0.0", payload=hashlib.shake_128(b"z").digest(1 << 20))
    key = "example.com/big/@v/v1.0.0.zip"
    data = upstream.files[key]
    upstream.behaviours[key] = fake.cut(data, len(data) - 1000, announce=announce)
    with pytest.raises(aiohttp.ClientPayloadError):
        await proxy.get(key)
    second = await proxy.get(key)
    assert second.status == 502
    assert await proxy.held() == []
    del upstream.behaviours[key]
    assert (await proxy.get(key)).body == data


async def test_upstream_that_does_not_answer(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.behaviours[MOD] = fake.hang()
    reply = await proxy.get(MOD)
    assert reply.status == 504
    assert "in time" in reply.text


async def test_upstream_that_drips(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    proxy.write_config(upstream={"goproxy": upstream.url, "timeout": "500ms"})
    await proxy.until_report(lambda report: report.config.generation == 2)
    upstream.behaviours[MOD] = fake.drip(upstream.files[MOD], 0.3)
    reply = await proxy.get(MOD)
    assert (reply.status, "in time" in reply.text) == (504, True)
    assert await proxy.held() == []


async def test_upstream_that_nobody_listens_at(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await upstream.__aexit__(None, None, None)
    reply = await proxy.get(MOD)
    assert reply.status == 502
    assert "could not be reached" in reply.text
    assert 'modproxy_upstream_errors_total{reason="connect"} 1.0' in await proxy.metrics()


async def test_stalled_misses_do_not_hold_up_hits(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(MOD)
    stalled = [f"example.com/s{n}/@v/list" for n in range(100)]
    upstream.behaviours.update(dict.fromkeys(stalled, fake.hang()))
    waiting = [asyncio.create_task(proxy.get(key)) for key in stalled]
    await eventually(lambda: sum(upstream.requests[key] for key in stalled) == 100, "all have reached upstream")
    assert not any(task.done() for task in waiting)
    assert (await proxy.get(MOD)).status == 200
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {504}


async def test_via_shows_a_loop(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    await proxy.get(MOD, Via="1.1 elsewhere")
    own = upstream.headers[-1]["Via"]
    assert own.startswith("1.1 elsewhere, 1.1 modproxy-")
    reply = await proxy.get(INFO, Via=own)
    assert reply.status == 508
    assert "loop" in reply.text


async def test_connections_that_were_idle_for_long_are_used_again(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    """The end of a large body must leave no time-out of a read on the connection that is kept."""
    names = [f"example.com/m{number}" for number in range(6)]
    for name in names:
        upstream.add(name, "v1.0.0", payload=random.Random(1).randbytes(2 << 20))
    zips = await asyncio.gather(*(proxy.get(f"{name}/@v/v1.0.0.zip") for name in names))
    assert {reply.status for reply in zips} == {200}
    await asyncio.sleep(2.5)  # longer than upstream.timeout
    infos = await asyncio.gather(*(proxy.get(f"{name}/@v/v1.0.0.info") for name in names))
    assert [reply.status for reply in infos] == [200] * 6
