"""Which places a probe asks and for what, and how real servers with real faults are told."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from modproxy.bucket.bucket import Bucket
from modproxy.bucket.client import BucketSettings
from modproxy.contract.config import HttpProxyConfig, ObjectStoreConfig, PeersConfig
from modproxy.contract.probe import ProbedPlace
from modproxy.fleet.greeting import Greeting
from modproxy.fleet.peers import Peers
from modproxy.layout import Layout
from modproxy.mod.chain import parse_chain
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.source.probing import Asked, Place, places_of, probe_places
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.hops import Hops, NamedPlaces
from modproxy.source.way_out.outbound import Outbound
from tests.kubernetes.certificates import Authority
from tests.modproxy.fake_upstream import FakeUpstream, status

M, V = Asked("example.com/M"), Asked("example.com/M", "v1.0.0")
LIST, INFO = "example.com/!m/@v/list", "example.com/!m/@v/v1.0.0.info"
UP, DB, VC = "https://a.example.com", "https://sum.golang.org", "https://example.com"


def layout(goproxy: str, *, parent: str = "", sumdb: str = "off", unverified: str = "git.example.com/*") -> Layout:
    private = (parse_pattern("git.example.com/*"), parse_pattern("*.corp.example.com"))
    return Layout(parse_chain(goproxy), private, (parse_pattern(unverified),), parse_gosumdb(sumdb), parent, "", ())


@pytest.mark.parametrize(
    ("of", "asked", "places"),
    [
        (layout(f"{UP},off"), V, [Place("upstream", UP, INFO)]),
        (layout(f"{UP},off"), M, [Place("upstream", UP, LIST)]),
        (
            layout(f"{UP},direct"),
            Asked(),
            [Place("upstream", UP), Place("versionControl", "https://git.example.com")],
        ),
        (layout(f"{UP},direct"), M, [Place("upstream", UP, LIST), Place("versionControl", VC, fallback=True)]),
        (
            layout(UP, sumdb="sum.golang.org"),
            Asked("git.example.com/x/y", "v1.0.0"),
            [Place("upstream", UP), Place("versionControl", "https://git.example.com"),
             Place("checksumDatabase", DB, "latest")],
        ),
        (layout("file:///srv/modules,off"), M, []),
        (
            layout("off", parent="https://p.example.com", sumdb="sum.golang.org"),
            V,
            [Place("parent", "https://p.example.com", INFO),
             Place("checksumDatabase", DB, "lookup/example.com/!m@v1.0.0")],
        ),
        (
            layout("off", sumdb="sum.golang.org", unverified="example.com/*"),
            V,
            [Place("checksumDatabase", DB, "latest")],
        ),
    ],
)  # fmt: skip
def test_places(of: Layout, asked: Asked, places: list[Place]) -> None:
    assert places_of(of, asked) == places


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    made = Connections()
    yield made
    await made.close()


async def probed(connections: Connections, folder: Path, url: str, asked: Asked, ca: str | None = None) -> ProbedPlace:
    hops = Hops(connections, Outbound(Credentials((), folder), None, ca, folder, folder / "bundle"), NamedPlaces())
    of = Layout(parse_chain(f"{url},off"), (), (), None, "", "", ())
    [place] = await probe_places(hops, of, asked)
    return place


async def answer(_: web.Request) -> web.Response:
    return web.Response(text="well")


async def test_each_step_of_tls_is_told_apart(connections: Connections, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "ca.crt").write_bytes(authority.file.read_bytes())
    pair = authority.issue("server", "server", hosts=["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app, host="localhost") as server:
        plain = f"http://localhost:{server.port}"
        told = await probed(connections, tmp_path, plain, M)
        assert (told.status, told.failure, told.asked, told.tls_seconds) == (200, "", LIST, None)
    server = TestServer(app, host="localhost", scheme="https")
    await server.start_server(ssl=context)
    try:
        told = await probed(connections, tmp_path, f"https://localhost:{server.port}", V, "trusted")
        steps = (told.dns_seconds, told.connect_seconds, told.tls_seconds, told.first_byte_seconds)
        assert (told.status, told.failure, None in steps) == (200, "", False)
        assert sum(one or 0 for one in steps) <= told.seconds
        told = await probed(connections, tmp_path, f"https://127.0.0.1:{server.port}", V, "trusted")
        assert "IP address mismatch" in told.failure, "what OpenSSL says is told"
        told = await probed(connections, tmp_path, f"https://localhost:{server.port}", V)
        assert "not trusted" in told.failure
        assert (told.connect_seconds is None, told.tls_seconds, told.first_byte_seconds) == (False, None, None)
    finally:
        await server.close()


@pytest.mark.parametrize(
    ("code", "asked", "words"),
    [
        (200, V, ""), (404, V, ""), (410, V, ""), (401, Asked(), ""), (401, V, "wants another login"),
        (403, M, "refuses this module"), (429, M, "no more requests"), (503, Asked(), "answers 503"),
        (508, V, "came back to this fleet"),
    ],
)  # fmt: skip
async def test_what_an_upstream_answers(
    code: int, asked: Asked, words: str, connections: Connections, tmp_path: Path
) -> None:
    async with FakeUpstream() as upstream:
        upstream.behaviours = dict.fromkeys(("", LIST, INFO), status(code))
        told = await probed(connections, tmp_path, upstream.url, asked)
    assert told.status == code
    assert words in told.failure
    assert bool(words) == bool(told.failure)


async def test_a_database_is_asked_where_a_fetch_asks_it(connections: Connections, tmp_path: Path) -> None:
    hops = Hops(connections, Outbound(Credentials((), tmp_path), None, None, tmp_path, tmp_path / "b"), NamedPlaces())
    async with FakeUpstream() as upstream, FakeUpstream() as own:
        key = parse_gosumdb("sum.golang.org")
        assert key is not None
        of = Layout(parse_chain(upstream.url), (), (), replace(key, url=own.url), "", "", ())
        base = "sumdb/sum.golang.org"
        own.files["latest"] = upstream.files[f"{base}/latest"] = b"x"
        for serves in (False, True):
            if serves:
                upstream.files[f"{base}/supported"] = b""
            found = {one.kind: one for one in await probe_places(hops, of, Asked())}
            told = found["checksumDatabase"]
            expected = (upstream.url, f"{base}/latest") if serves else (own.url, "latest")
            assert (told.name, told.asked, told.status) == (*expected, 200)
    assert own.requests == {"latest": 1}


@pytest.mark.parametrize(
    ("code", "words"), [(200, ""), (404, ""), (401, "access.children"), (403, "refuses"), (302, "")]
)
async def test_a_parent_is_asked_straight(code: int, words: str, connections: Connections, tmp_path: Path) -> None:
    proxy = HttpProxyConfig(url="http://127.0.0.1:1")
    hops = Hops(connections, Outbound(Credentials((), tmp_path), proxy, None, tmp_path, tmp_path / "b"), NamedPlaces())
    (tmp_path / "token").write_text("proof-of-a-replica")
    peers = Peers(PeersConfig(name="team-a-0", addresses=()), "fleet")
    await peers.token.look(str(tmp_path / "token"))
    async with FakeUpstream() as parent, FakeUpstream() as elsewhere:
        parent.behaviours[INFO] = status(code, headers={"Location": elsewhere.url} if code == 302 else None)
        of = Layout((), (), (), None, parent.url, "", ())
        [told] = await probe_places(hops, of, V, peers)
    assert (told.kind, told.status, told.asked, words in told.failure) == ("parent", code, INFO, True)
    assert bool(words) == bool(told.failure)
    assert parent.headers[0]["Authorization"] == "Bearer proof-of-a-replica"
    assert not elsewhere.requests, "the proof is for the parent alone"


async def test_what_gives_no_answer(connections: Connections, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = await probed(connections, tmp_path, f"http://127.0.0.1:{port}", V)
    assert (told.status, told.connect_seconds, "Connection refused" in told.failure) == (None, None, True)
    told = await probed(connections, tmp_path, "https://goproxy.invalid", V)
    assert (told.status, told.dns_seconds, "cannot be resolved" in told.failure) == (None, None, True)
    told = await probed(connections, tmp_path, "http://jane:secret@127.0.0.1", V)
    assert "has a login and is not https" in told.failure
    assert "secret" not in told.model_dump_json()


async def test_other_replicas_and_the_object_store(connections: Connections, tmp_path: Path) -> None:
    peers = Peers(PeersConfig(name="team-a-0", addresses=("127.0.0.1:1",)), "fleet")
    hops = Hops(connections, Outbound(Credentials((), tmp_path), None, None, tmp_path, tmp_path / "b"), NamedPlaces())
    bucket = Bucket()
    (tmp_path / "bucket").mkdir()
    (tmp_path / "none").write_text("a file, and no folder")
    for there in (True, False):
        store = tmp_path / "bucket" if there else tmp_path / "none"
        await bucket.take(BucketSettings(ObjectStoreConfig(url=f"file://{store}")))
        async with FakeUpstream() as other:
            other.behaviours = {"-/peer": status(200 if there else 401)}
            address = other.url.removeprefix("http://")
            peers.members.list_is((address,), 0.0)
            peers.members.greeted(address, Greeting("team-a-1", "x", "fleet"), 0.0)
            found = await probe_places(hops, None, Asked(), peers, bucket)
        kinds = {one.kind: one for one in found}
        assert set(kinds) == {"peer", "objectStore"}
        assert (kinds["peer"].name, kinds["peer"].status) == (f"team-a-1 ({address})", 200 if there else 401)
        assert [bool(one.failure) for one in found] == [not there, not there], found
