"""The handler over a store in memory: its answers, and how each request is counted once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from modproxy.audit.auditor import Auditor
from modproxy.cache.lookup import Cache
from modproxy.cache.zip_check import ThreadChecks
from modproxy.facts.facts import Facts
from modproxy.in_force import InForce, Rules
from modproxy.request import Request
from modproxy.server.handler import ClientHandler
from modproxy.server.listener import ClientListener, address_of, open_listener
from modproxy.server.traffic import Traffic
from modproxy.source.build import SharedResources
from modproxy.source.protocol import Denied, Unavailable
from modproxy.source.vcs.shared import SharedVersionControl
from modproxy.source.way_out.connections import Connections
from modproxy.threads import Pool
from modproxy.via import ViaEntry
from tests.kubernetes.eventually import eventually
from tests.modproxy.making import rules
from tests.modproxy.module_files import module_zip
from tests.modproxy.source.fake_source import FakeSource
from tests.modproxy.store.memory_store import MemoryStore

LIST, MOD, ZIP = "example.com/m/@v/list", "example.com/m/@v/v1.0.0.mod", "example.com/m/@v/v1.0.0.zip"
PACKED = module_zip("example.com/m", "v1.0.0", {"go.mod": b"module example.com/m\n"})


class Site:
    """Has the whole way of a request, except the disk and the way out. `put_in_force` may be called at any time."""

    def __init__(self, folder: Path) -> None:
        self.source = FakeSource({MOD: b"module example.com/m\n", ZIP: PACKED})
        self.store = MemoryStore()
        self.traffic = Traffic(lambda: 0.0)
        self.hashing = Pool("hash", 1)
        self.cache = Cache(self.store, ThreadChecks(self.hashing))
        self.session = aiohttp.ClientSession()
        self.connections = Connections()
        own = ViaEntry("fleet", "a")
        version_control = SharedVersionControl(folder, lambda: 1 << 30)
        shared = SharedResources(self.connections, own, [], lambda _: None, folder, version_control)
        self.in_force = InForce(shared, self.cache, Facts(folder))
        self.put_in_force(rules(self.source, {"modules": {"deny": ["example.com/evil"]}}))
        self.auditor = Auditor(folder, lambda: 1 << 30, self.connections)
        self.handler = ClientHandler(self.cache, self.store, self.in_force, self.traffic, own, auditor=self.auditor)
        self._socket = open_listener("127.0.0.1:0", "listen")
        self.url = f"http://{address_of(self._socket)}"
        self.listener = ClientListener(self._socket, self.handler.handle, None)

    def put_in_force(self, made: Rules) -> None:
        self.in_force._rules = made  # no config can name the source of a test

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        async with self.session.request(method, f"{self.url}/{path}", headers=headers) as answer:
            return answer.status, await answer.read()

    @property
    def counted(self) -> list[tuple[str, int, str]]:
        """Endpoint, status and cache status of each request, in any order."""
        return sorted(self.traffic.requests.elements())


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    await made.listener.start()
    yield made
    await made.session.close()
    await made.connections.close()
    await made.listener.drain(1)
    await made.cache.close()
    made.hashing.close()


async def test_each_request_is_counted_once_as_what_it_was(site: Site) -> None:
    site.source.answers["example.com/down/@v/list"] = Unavailable("down")
    site.source.answers["example.com/denied/@v/list"] = Denied("no")
    asked = [
        (MOD, "GET", 200), (MOD, "HEAD", 200), (ZIP, "GET", 200), (LIST, "GET", 404), (LIST, "GET", 404),
        ("example.com/evil/@v/list", "GET", 403), ("example.com/down/@v/list", "GET", 502),
        ("example.com/denied/@v/list", "GET", 403), (MOD, "POST", 405), ("x", "GET", 404),
        ("sumdb/sum.example.com/supported", "GET", 200),
    ]  # fmt: skip
    for path, method, status in asked:
        assert (await site.get(path, method))[0] == status
    assert site.counted == sorted(
        [
            ("mod", 200, "miss"), ("mod", 200, "hit"), ("zip", 200, "miss"), ("list", 404, "miss"),
            ("list", 404, "negative"), ("list", 403, "denied"), ("list", 502, "miss"), ("list", 403, "denied"),
            ("other", 405, "denied"), ("other", 404, "denied"), ("supported", 200, "hit"),
        ]
    )  # fmt: skip
    assert site.handler.refusals.total == {("modules", "Enforce"): 1}


async def test_a_file_that_goes_while_it_is_looked_at_is_fetched_again(site: Site) -> None:
    assert (await site.get(ZIP))[1] == PACKED
    real = site.store.open

    async def open_late(file: object) -> object:
        site.store.open = real  # type: ignore[method-assign]  # the second look finds the store as it is
        await site.store.delete(ZIP)
        raise FileNotFoundError

    site.store.open = open_late  # type: ignore[method-assign, assignment]  # this stands for an eviction at this moment
    assert await site.get(ZIP) == (200, PACKED)
    assert site.source.keys == [ZIP, ZIP]


async def test_a_fault_of_ours_is_told_without_a_trace(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: Request, _rules: Rules) -> None:
        raise ZeroDivisionError("a fault of the cache")

    site.cache.get = broken  # type: ignore[method-assign, assignment]  # no input is known that makes a fault
    with pytest.raises(aiohttp.ClientError):
        await site.get(MOD)
    # The client tries again by itself, on a connection of its own.
    assert set(site.counted) == {("mod", 500, "miss")}
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", [MOD, ZIP, "example.com/m/@v/v9.9.9.mod"])
async def test_each_answer_asks_the_client_to_leave_when_draining(site: Site, path: str) -> None:
    site.handler.drain()
    for _ in range(2):  # fetched, and from the store
        async with site.session.get(f"{site.url}/{path}") as answer:
            assert answer.headers["Connection"] == "close"
            await answer.read()


async def test_a_stream_that_breaks_off_is_aborted(site: Site) -> None:
    class Breaking(FakeSource):
        async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
            yield answer[:300_000]
            await begun.wait()
            raise Unavailable("cut")

    begun = asyncio.Event()
    site.put_in_force(rules(Breaking({ZIP: bytes(400_000)})))
    async with site.session.get(f"{site.url}/{ZIP}") as answer:
        assert answer.status == 200
        begun.set()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    await eventually(lambda: bool(site.counted), "the request is counted")
    assert site.counted == [("zip", 502, "miss")]
