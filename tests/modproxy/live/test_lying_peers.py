"""A peer that does not do what a peer does: every client gets the right bytes all the same, from upstream."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from modproxy.fleet.greeting import HOP, STATUS, VOUCHER, Greeting, read_greeting, write_greeting
from modproxy.fleet.rendezvous import owner_of
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess
from tests.secrecy.registry import REGISTRY

TOKEN = "token-of-replicas-in-this-test"
LIAR, HONEST = "liar", "honest"
Lie = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
GOOD = {STATUS: "hit", VOUCHER: "upstream"}


def module(name: str) -> str:
    """Return a module path that the liar owns."""
    for number in range(1000):
        path = f"example.com/{name.lower().replace(' ', '-')}{number}"
        if owner_of(path, [LIAR, HONEST]) == LIAR:
            return path
    raise AssertionError


def answer(status: int, headers: dict[str, str], body: bytes = b"") -> Lie:
    async def lie(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, body=body)

    return lie


def raw(head: str, body: bytes = b"", *, endless: bytes = b"", pause: float = 0.0) -> Lie:
    async def lie(request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        transport.write(head.encode() + body)
        while endless and not transport.is_closing():
            transport.write(endless)
            await asyncio.sleep(pause)
        transport.close()
        return web.Response()

    return lie


async def silence(_: web.BaseRequest) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


OK = f"HTTP/1.1 200 OK\r\n{STATUS}: hit\r\n{VOUCHER}: upstream\r\n"
LIES: dict[str, Lie] = {
    "no header of a replica": answer(200, {}, b"module evil\n"),
    "an unknown outcome": answer(200, {STATUS: "best"}, b"module evil\n"),
    "no voucher": answer(200, {STATUS: "hit"}, b"module evil\n"),
    "a voucher of its own": answer(200, {STATUS: "hit", VOUCHER: "trust-me"}, b"module evil\n"),
    "no such form": answer(200, GOOD, b"\xff\xfe\x00"),
    "too large": answer(200, GOOD, b"module evil\n" * (2 << 20)),
    "shorter than announced": raw(f"{OK}Content-Length: 500\r\n\r\n", b"module evil\n"),
    "an endless head": raw(OK, endless=b"X-More: " + b"x" * 1000 + b"\r\n"),
    "a head that drips": raw(OK, endless=b"x", pause=0.1),
    "no HTTP": raw("hello\r\n\r\n"),
    "a redirect": answer(302, {STATUS: "hit", "Location": "http://127.0.0.1:1/"}),
    "a refusal": answer(503, {STATUS: "refused"}),
    "a proof that is not taken": answer(401, {STATUS: "refused"}),
    "a loop": answer(508, {STATUS: "refused"}),
    "not held": answer(404, {STATUS: "notHeld"}),
    "an absence of nobody": answer(404, {}),
    "silence": silence,
}


@pytest.fixture
async def liar() -> AsyncIterator[tuple[int, dict[str, Lie]]]:
    """Serve greetings of a good peer, and for modules what the lies say."""
    lies: dict[str, Lie] = {}

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/-/peer":
            return web.Response(body=write_greeting(Greeting(LIAR, "process", "fleet", "1")))
        assert request.headers[HOP] == "1"
        return await lies[request.path.lstrip("/").partition("/@")[0]](request)

    runner = web.ServerRunner(web.Server(handle, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield int(runner.addresses[0][1]), lies
    await runner.cleanup()


@pytest.fixture
async def honest(
    liar: tuple[int, dict[str, Lie]], upstream: FakeUpstream, tmp_path: Path
) -> AsyncIterator[tuple[ProxyProcess, int]]:
    """Run a replica whose peer lies. It knows nobody else, so the liar owns what the names say."""
    REGISTRY.add(TOKEN, "token of the peers")
    (tmp_path / "token").write_text(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    peers = {
        "listen": f"127.0.0.1:{port}",
        "name": HONEST,
        "addresses": [f"127.0.0.1:{liar[0]}", f"127.0.0.1:{port}"],
        "tokenFile": str(tmp_path / "token"),
    }
    config = {"id": "fleet", "upstream": {"goproxy": upstream.url, "timeout": "1s"}, "peers": peers}
    async with ProxyProcess(tmp_path / "replica", config) as process:
        await process.until_report(lambda report: report.peers is not None and report.peers.seen == (LIAR,))
        yield process, port


async def test_every_client_gets_the_right_bytes(
    honest: tuple[ProxyProcess, int], liar: tuple[int, dict[str, Lie]], upstream: FakeUpstream
) -> None:
    replica, _ = honest
    for name, lie in LIES.items():
        upstream.add(module(name), "v1.0.0")
        liar[1][module(name)] = lie

    async def ask(name: str) -> None:
        key = f"{module(name)}/@v/v1.0.0.mod"
        async with asyncio.timeout(30):
            got = await replica.get(key)
        assert (got.status, got.body) == (200, upstream.files[key]), (name, got)

    await asyncio.gather(*map(ask, LIES))


async def test_a_zip_that_is_none_is_asked_for_elsewhere(
    honest: tuple[ProxyProcess, int], liar: tuple[int, dict[str, Lie]], upstream: FakeUpstream
) -> None:
    replica, _ = honest
    path = module("zip")
    upstream.add(path, "v1.0.0")
    key = f"{path}/@v/v1.0.0.zip"
    liar[1][path] = answer(200, GOOD, b"no zip at all")
    assert (await replica.get(key)).status == 502
    assert (await replica.get(key)).body == upstream.files[key]
    # The word of an owner counts, and upstream is not asked against it.
    absent = module("absent")
    liar[1][absent] = answer(404, {STATUS: "miss"}, b"not there")
    assert (await replica.get(f"{absent}/@v/v1.0.0.mod")).text == "not found: not there\n"
    assert upstream.requests[f"{absent}/@v/v1.0.0.mod"] == 0


async def test_strangers_and_loops_are_refused(honest: tuple[ProxyProcess, int], upstream: FakeUpstream) -> None:
    replica, port = honest
    url = f"http://127.0.0.1:{port}"
    proof = {"Authorization": f"Bearer {TOKEN}"}
    mod = f"{url}/example.com/!mixed/@v/v1.0.0.mod"

    async def status(address: str, headers: dict[str, str], method: str = "GET") -> tuple[int, str]:
        async with replica.session.request(method, address, headers=headers) as got:
            return got.status, got.headers.get(STATUS, "")

    for headers in ({}, {"Authorization": "Bearer another-token-of-nobody"}, {HOP: "1"}):
        assert await status(f"{url}/-/peer", headers) == (401, "refused")
        assert await status(mod, headers) == (401, "refused")
    for hop in ({}, {HOP: "0"}, {HOP: "2"}, {HOP: "1", "Via": "1.1 modproxy-fleet~other"}):
        assert await status(mod, proof | hop) == (508, "refused")
    hop = proof | {HOP: "1"}
    assert await status(mod, hop, "POST") == (405, "refused")
    assert await status(f"{url}/example.com/../x", hop) in {(400, "refused"), (404, "refused")}
    held = hop | {"Disable-Module-Fetch": "true"}
    assert await status(mod, held) == (404, "notHeld")
    assert not upstream.requests
    assert await status(mod, hop) == (200, "miss")
    assert await status(mod, held) == (200, "hit")
    async with replica.session.get(f"{url}/-/peer", headers=proof) as got:
        assert read_greeting(await got.read()).name == HONEST
    report = await replica.report()
    assert sum(report.requests.values()) == 0, "what peers ask for is no request of a client"
    assert report.window.recent_requests == 0
