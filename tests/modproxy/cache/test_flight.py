"""One fetch and its readers: which bytes may be read when, and when the draft is closed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from modproxy.cache.flight import HOLD_BACK, CutShort, Flight, Follower
from modproxy.cache.zip_check import ThreadChecks
from modproxy.source.protocol import NotFound, Unavailable
from tests.kubernetes.eventually import eventually
from tests.modproxy.making import request
from tests.modproxy.module_files import raw_zip
from tests.modproxy.source.fake_source import FakeSource
from tests.modproxy.store.memory_store import MemoryStore

ZIP, MOD = "example.com/m/@v/v1.0.0.zip", "example.com/m/@v/v1.0.0.mod"
PACKED = raw_zip({"example.com/m@v1.0.0/big": bytes(range(256)) * 2000}, compression=0)


class Gated(FakeSource):
    """Gives the first part of a body, and the rest once `go_on` is set."""

    def __init__(self, answer: bytes, first: int) -> None:
        super().__init__({ZIP: answer})
        self.first = first
        self.go_on = asyncio.Event()

    async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
        yield answer[: self.first]
        await self.go_on.wait()
        yield answer[self.first :]


abandoned: list[Flight] = []


def begin(source: FakeSource, store: MemoryStore, checks: ThreadChecks, *, streaming: bool = True) -> Flight:
    abandoned.clear()
    flight = Flight(request(ZIP), (ZIP, 1), streaming=streaming, abandoned=abandoned.append)
    flight.enter()
    task = asyncio.create_task(flight.run(source, store, checks, lambda _: False, lambda: True))
    task.add_done_callback(lambda _: None)
    return flight


async def test_readers_get_all_but_the_end_before_the_check(checks: ThreadChecks) -> None:
    store, source = MemoryStore(), Gated(PACKED, 300_000)
    flight = begin(source, store, checks)
    await flight.wait_decided()
    assert not flight.landed
    flight.enter()
    first, second = Follower(flight), Follower(flight)
    seen = bytearray()
    while len(seen) < 300_000 - HOLD_BACK:
        seen += await anext(first)
    assert bytes(seen) == PACKED[: 300_000 - HOLD_BACK]
    assert flight.read(len(seen)) == b"", "the end waits for the check"
    source.go_on.set()
    seen += b"".join([piece async for piece in first])
    assert bytes(seen) == PACKED == b"".join([piece async for piece in second])
    first.close()
    assert not store.drafts[0].closed, "another still reads"
    second.close()
    assert flight.landed
    await eventually(lambda: store.drafts[0].closed, "the draft is let go of")


async def test_the_draft_is_let_go_of_by_the_last_reader(checks: ThreadChecks) -> None:
    store, source = MemoryStore(), Gated(PACKED, 300_000)
    flight = begin(source, store, checks)
    await flight.wait_decided()
    follower = Follower(flight)
    source.go_on.set()
    await eventually(lambda: flight.landed, "the flight has landed")
    await asyncio.sleep(0)
    assert not store.drafts[0].closed
    follower.close()
    await eventually(lambda: store.drafts[0].closed, "the draft is closed")


@pytest.fixture
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modproxy.cache.flight.LINGER_SECONDS", 0.02)


@pytest.mark.usefixtures("short_linger")
@pytest.mark.parametrize(
    ("first", "kept", "told", "is_abandoned"),
    [
        (300_000, False, True, True),
        (300_000, True, True, False),
        (len(PACKED) - 100_000, False, True, False),
        (len(PACKED) - 100_000, False, False, True),
    ],
)
async def test_a_fetch_that_nobody_reads_is_abandoned_unless_it_is_nearly_whole(
    checks: ThreadChecks, first: int, kept: bool, told: bool, is_abandoned: bool
) -> None:
    store, source = MemoryStore(), Gated(PACKED, first)
    source.told = told
    flight = begin(source, store, checks)
    flight.kept = kept
    await flight.wait_decided()
    flight.enter()
    flight.leave()
    flight.leave()
    flight.enter()
    await asyncio.sleep(0.1)
    assert not abandoned, "another reads now"
    flight.leave()
    await asyncio.sleep(0.1)
    assert (abandoned == [flight]) is is_abandoned
    source.go_on.set()
    await eventually(lambda: store.drafts[0].closed, "the draft is closed")
    assert abandoned in ([flight], []), "a fetch is abandoned once"


async def test_a_wrong_end_is_told_to_those_who_saw_the_beginning(checks: ThreadChecks) -> None:
    store, source = MemoryStore(), Gated(PACKED[:-10], 300_000)
    flight = begin(source, store, checks)
    await flight.wait_decided()
    follower = Follower(flight)
    source.go_on.set()
    with pytest.raises(CutShort, match="refused"):
        async for _ in follower:
            pass
    assert isinstance(flight.error, Unavailable)
    assert not store.files
    follower.close()


async def test_nothing_is_given_early_where_an_earlier_fetch_failed(checks: ThreadChecks) -> None:
    store, source = MemoryStore(), Gated(PACKED, 300_000)
    flight = begin(source, store, checks, streaming=False)
    await eventually(lambda: bool(store.drafts and store.drafts[0].written), "the fetch is under way")
    assert not flight.decided
    source.go_on.set()
    await flight.wait_decided()
    assert flight.landed
    assert ZIP in store.files
    flight.leave()


async def test_what_the_check_forbids_is_not_published(checks: ThreadChecks) -> None:
    store = MemoryStore()
    flight = begin(FakeSource({ZIP: NotFound("none")}), store, checks)
    await flight.wait_decided()
    assert isinstance(flight.error, NotFound)
    flight.leave()


async def test_a_body_that_is_shorter_than_announced(checks: ThreadChecks) -> None:
    class Short(FakeSource):
        async def _body(self, answer: bytes) -> AsyncIterator[bytes]:
            yield answer[:100]

    flight = begin(Short({ZIP: PACKED}), MemoryStore(), checks)
    await flight.wait_decided()
    assert flight.error is not None
    assert "100 bytes came of the" in flight.error.reason
    flight.leave()
