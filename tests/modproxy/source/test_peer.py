"""Whom a replica asks, in which order, and what it does where bytes break off: with real peers over HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from modproxy.contract.config import PeersConfig
from modproxy.fleet.greeting import CACHED_ONLY, STATUS, VOUCHER, Greeting, write_greeting
from modproxy.fleet.peers import Peers
from modproxy.fleet.rendezvous import ranked
from modproxy.mod.vouching import CameFrom
from modproxy.request import Request
from modproxy.room import Room
from modproxy.source.checked import Checked
from modproxy.source.peer import FromPeers
from modproxy.source.peer_client import PeerClient
from modproxy.source.protocol import NotFound, NotHeld, Tier, Unavailable
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, read

ME, OTHERS = "me", ("a", "b", "c", "d")
MOD_BODY = b"module example.com/m\n"


def module(*first: str) -> str:
    """Return a module path that these replicas own, in this order."""
    for number in range(10_000):
        path = f"example.com/m{number}"
        if ranked(path, (ME, *OTHERS))[: len(first)] == list(first):
            return path
    raise AssertionError


class Replicas:
    """Other replicas, all in one server, a port each. `answers` are theirs by name; without one, nothing is held."""

    def __init__(self) -> None:
        self.answers: dict[str, web.Response] = {}
        self.cut: dict[str, tuple[bytes, int]] = {}
        self.asked: list[tuple[str, bool]] = []
        self.peers: Peers
        self._runners: list[web.ServerRunner] = []

    async def start(self, token: Path) -> None:
        addresses = []
        for name in OTHERS:
            runner = web.ServerRunner(web.Server(self._of(name), access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._runners.append(runner)
            addresses.append(f"127.0.0.1:{runner.addresses[0][1]}")
        self.peers = Peers(PeersConfig(name=ME, addresses=tuple(addresses), token_file=str(token)), "fleet")
        self.peers.list_ttl = 60.0
        await self.peers.begin()
        for address in addresses:
            await self.peers.greet(address)
        assert self.peers.members.seen() == OTHERS

    def _of(self, name: str):  # type: ignore[no-untyped-def]  # aiohttp's own type of handlers is long
        async def handle(http: web.BaseRequest) -> web.StreamResponse:
            if http.path == "/-/peer":
                return web.Response(body=write_greeting(Greeting(name, f"process of {name}", "fleet")))
            self.asked.append((name, CACHED_ONLY in http.headers))
            if name in self.cut:
                data, after = self.cut[name]
                assert http.transport is not None
                head = f"HTTP/1.1 200 OK\r\n{STATUS}: hit\r\n{VOUCHER}: upstream\r\nContent-Length: {len(data)}\r\n\r\n"
                http.transport.write(head.encode() + data[:after])
                await asyncio.sleep(0.05)  # so that what was sent is read before the end of the connection
                http.transport.close()
                return web.Response()
            return self.answers.get(name) or web.Response(status=404, headers={STATUS: "notHeld"})

        return handle

    def say(self, name: str, body: bytes, status: int = 200, outcome: str = "hit", **headers: str) -> None:
        all_headers = {STATUS: outcome, VOUCHER: "upstream"} | headers
        self.answers[name] = web.Response(body=body, status=status, headers=all_headers)

    async def close(self) -> None:
        await self.peers.close()
        for runner in self._runners:
            await runner.cleanup()


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncIterator[Replicas]:
    made = Replicas()
    (tmp_path / "token").write_text("x" * 20)
    await made.start(tmp_path / "token")
    yield made
    await made.close()


def source_of(
    replicas: Replicas, own: FakeSource, accepted: frozenset[CameFrom] = frozenset([CameFrom.UPSTREAM])
) -> FromPeers:
    room = Room(lambda: 1 << 20)
    own_files = Checked(own, CameFrom.UPSTREAM, room)
    return FromPeers(own_files, PeerClient(replicas.peers), accepted, room, seconds=5.0)


def mod(path: str, **more: object) -> tuple[str, Request]:
    key = f"{path}/@v/v1.0.0.mod"
    made = request(key)
    return key, Request(made.target, **more)  # type: ignore[arg-type]  # the fields of a request


async def test_the_owner_is_asked_alone(replicas: Replicas) -> None:
    key, asking = mod(module("b", "c"))
    replicas.say("b", MOD_BODY)
    own = FakeSource({key: b"module never\n"})
    async with source_of(replicas, own).fetch(asking) as fetched:
        assert b"".join([piece async for piece in fetched.body]) == MOD_BODY
        assert (fetched.tier, fetched.copy, fetched.voucher) == (Tier.PEER, True, "upstream")
    assert (replicas.asked, own.keys) == ([("b", False)], [])


async def test_the_owner_asks_who_may_hold_it_and_then_upstream(replicas: Replicas) -> None:
    key, asking = mod(module(ME, "c", "a", "d"))
    own = FakeSource({key: MOD_BODY})
    assert await read(source_of(replicas, own), asking) == MOD_BODY
    assert (replicas.asked, own.keys) == ([("c", True), ("a", True), ("d", True)], [key])
    replicas.asked.clear()
    replicas.say("a", MOD_BODY)
    assert await read(source_of(replicas, own), asking) == MOD_BODY
    assert (replicas.asked, own.keys) == ([("c", True), ("a", True)], [key])


async def test_a_request_of_a_replica_makes_no_other_replica_fetch(replicas: Replicas) -> None:
    key, asking = mod(module("b", "c", "a", "d"), hop=1, asked_by="c")
    own = FakeSource({key: MOD_BODY})
    assert await read(source_of(replicas, own), asking) == MOD_BODY
    assert replicas.asked == [("b", True), ("a", True), ("d", True)]


async def test_who_may_not_fetch_gets_what_the_fleet_holds(replicas: Replicas) -> None:
    key, asking = mod(module("b", "c", "a"), cached_only=True)
    own = FakeSource({key: MOD_BODY})
    with pytest.raises(NotHeld):
        await read(source_of(replicas, own), asking)
    assert all(held for _, held in replicas.asked)
    replicas.say("a", MOD_BODY)
    assert await read(source_of(replicas, own), asking) == MOD_BODY
    assert own.keys == []


@pytest.mark.parametrize(("status", "outcome"), [(404, "miss"), (502, "miss"), (503, "miss"), (504, "miss")])
async def test_the_word_of_the_owner_is_the_answer(replicas: Replicas, status: int, outcome: str) -> None:
    key, asking = mod(module("b"))
    replicas.say("b", b"why", status, outcome)
    own = FakeSource({key: MOD_BODY})
    with pytest.raises((NotFound, Unavailable)) as told:
        await read(source_of(replicas, own), asking)
    assert (told.value.status, own.keys) == (status, [])


@pytest.mark.parametrize(
    ("status", "outcome"), [(503, "refused"), (401, "refused"), (403, "refused"), (508, "refused")]
)
async def test_an_owner_that_refuses_is_passed_by(replicas: Replicas, status: int, outcome: str) -> None:
    key, asking = mod(module("b"))
    replicas.say("b", b"why", status, outcome)
    own = FakeSource({key: MOD_BODY})
    assert await read(source_of(replicas, own), asking) == MOD_BODY
    assert own.keys == [key]


async def test_what_came_from_elsewhere_is_not_taken(replicas: Replicas) -> None:
    key, asking = mod(module("b"))
    replicas.say("b", MOD_BODY)
    own = FakeSource({key: b"module example.com/git\n"})
    private = source_of(replicas, own, frozenset([CameFrom.VERSION_CONTROL]))
    assert await read(private, asking) == b"module example.com/git\n"


async def test_lists_that_are_held_count_while_they_are_fresh(replicas: Replicas) -> None:
    path = module(ME, "c")
    asking, key = request(f"{path}/@v/list"), f"{path}/@v/list"
    own = FakeSource({key: b"v1.1.0\n"})
    replicas.say("c", b"v1.0.0\n", Age="61")
    assert await read(source_of(replicas, own), asking) == b"v1.1.0\n"
    replicas.say("c", b"v1.0.0\n", Age="59")
    async with source_of(replicas, own).fetch(asking) as fetched:
        assert fetched.age == 59.0


@pytest.mark.parametrize("after", [0, 1, 1000, 99_999])
async def test_a_zip_that_breaks_off_goes_on_elsewhere(replicas: Replicas, after: int) -> None:
    path = module("b", "c")
    key, data = f"{path}/@v/v1.0.0.zip", hashlib.shake_128(b"zip").digest(100_000)
    replicas.cut["b"] = data, after
    own = FakeSource({key: data})
    assert await read(source_of(replicas, own), request(key)) == data
    assert own.keys == [key]


@pytest.mark.parametrize("other", [b"x" * 1000, b"x" * 100_000, b""])
async def test_a_zip_that_goes_on_otherwise_is_cut_short(replicas: Replicas, other: bytes) -> None:
    path = module("b", "c")
    key, data = f"{path}/@v/v1.0.0.zip", hashlib.shake_128(b"zip").digest(100_000)
    replicas.cut["b"] = data, 50_000
    with pytest.raises(Unavailable, match="different files"):
        await read(source_of(replicas, FakeSource({key: other})), request(key))
