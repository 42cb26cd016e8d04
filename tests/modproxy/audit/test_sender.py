"""The whole way of records to a receiver, through every fault of it, each record once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from modproxy.audit.auditor import Auditor
from modproxy.audit.counts import ELASTICSEARCH, REJECTED
from modproxy.audit.record import Verdict
from modproxy.contract.config import Config, parse_config
from modproxy.source.way_out.connections import Connections
from tests.modproxy.audit.fake_receiver import FakeReceiver
from tests.modproxy.making import audit_entry


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver() as made:
        yield made


def config(receiver: FakeReceiver) -> Config:
    document = '{"audit": {"elasticsearch": {"url": "%s", "index": "audit"}}}'
    return parse_config(document % receiver.url)


class Running:
    """Runs an auditor whose pauses are short. Use it as a context manager."""

    def __init__(self, folder: Path, receiver: FakeReceiver, capacity: int = 1 << 30) -> None:
        self.connections = Connections()
        self.auditor = Auditor(folder, lambda: capacity, self.connections)
        self.auditor._sender._first_pause = 0.01
        self._receiver = receiver
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Running":
        self.auditor.begin(config(self._receiver))
        self.task = asyncio.create_task(self.auditor.send())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.auditor.close()
        await self.connections.close()

    def add(self, numbers: Sequence[int], verdict: Verdict = Verdict.ALLOWED) -> None:
        for number in numbers:
            self.auditor.add(audit_entry(id=f"n{number}", verdict=verdict))

    async def until_failing(self) -> None:
        async with asyncio.timeout(20):
            while self.auditor._sender.failure is None:
                await asyncio.sleep(0.01)


def ids(receiver: FakeReceiver) -> Counter[str]:
    return Counter(document["req_id"] for document in receiver.documents.values())


def each_once(number: int) -> Counter[str]:
    return Counter(f"n{one}" for one in range(number))


async def test_records_reach_the_receiver_each_once(tmp_path: Path, receiver: FakeReceiver) -> None:
    async with Running(tmp_path, receiver) as running:
        running.add(range(5000))
        await receiver.until(5000)
        async with asyncio.timeout(10):
            while running.auditor.spooled_bytes:
                await asyncio.sleep(0.01)
    assert ids(receiver) == each_once(5000)
    assert not list((tmp_path / "audit").iterdir())
    assert receiver.headers[0]["Content-Encoding"] == "gzip"


async def test_a_lost_answer_doubles_nothing(tmp_path: Path, receiver: FakeReceiver) -> None:
    receiver.loses_answers = 2
    async with Running(tmp_path, receiver) as running:
        running.add(range(300))
        async with asyncio.timeout(20):
            while running.auditor.spooled_bytes or len(receiver.documents) < 300:
                await asyncio.sleep(0.01)
        assert running.auditor.report() is not None
    assert ids(receiver) == each_once(300)
    assert receiver.requests > 2


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_what_a_receiver_refuses_waits_for_it(tmp_path: Path, receiver: FakeReceiver, status: int) -> None:
    receiver.status = status
    async with Running(tmp_path, receiver) as running:
        running.add(range(100))
        await running.until_failing()
        report = running.auditor.report()
        assert report is not None and report.failure and str(status) in report.failure
        assert report.since and report.spooled_bytes and not report.dropped
        receiver.status = 200
        await receiver.until(100)
    report = running.auditor.report()
    assert report is not None and report.failure is None
    assert ids(receiver) == each_once(100)


async def test_a_receiver_that_is_away_gets_everything_when_it_is_back(tmp_path: Path, receiver: FakeReceiver) -> None:
    await receiver.stop()
    async with Running(tmp_path, receiver) as running:
        for begin in range(0, 600, 100):  # several segments of different moments
            running.add(range(begin, begin + 100))
            running.auditor.flush()
            await running.until_failing()
        await receiver.start()
        await receiver.until(600)
    assert ids(receiver) == each_once(600)


async def test_items_fail_one_by_one(tmp_path: Path, receiver: FakeReceiver, caplog: pytest.LogCaptureFixture) -> None:
    busy = {"n7": 3, "n8": 1}

    def status(document: dict[str, str]) -> int:
        name = document["req_id"]
        if busy.get(name, 0):
            busy[name] -= 1
            return 429
        return 400 if name in ("n1", "n2") else 201

    receiver.item_status = status
    async with Running(tmp_path, receiver) as running:
        running.add(range(10))
        await receiver.until(8)
    assert set(ids(receiver)) == {f"n{one}" for one in range(10)} - {"n1", "n2"}
    assert running.auditor.counts.records[ELASTICSEARCH, REJECTED] == 2
    assert "mapper_parsing_exception" in caplog.text and "bad\nfield" not in caplog.text


async def test_a_request_that_is_too_large_is_split(tmp_path: Path, receiver: FakeReceiver) -> None:
    receiver.most_bytes = 5000
    async with Running(tmp_path, receiver) as running:
        running.add(range(200))
        await receiver.until(200)
    assert ids(receiver) == each_once(200)


async def test_a_new_process_sends_what_an_old_one_left(tmp_path: Path, receiver: FakeReceiver) -> None:
    await receiver.stop()
    async with Running(tmp_path, receiver) as running:
        running.add(range(50))
        await running.until_failing()
    await receiver.start()
    async with Running(tmp_path, receiver):
        await receiver.until(50)
    assert ids(receiver) == each_once(50)


async def test_the_end_writes_what_nobody_takes(tmp_path: Path, receiver: FakeReceiver) -> None:
    receiver.status = 503
    async with Running(tmp_path, receiver) as running:
        running.add(range(50))
    receiver.status = 200
    async with Running(tmp_path, receiver):
        await receiver.until(50)
    assert ids(receiver) == each_once(50)


async def test_a_full_spool_drops_refusals_last_and_counts(tmp_path: Path, receiver: FakeReceiver) -> None:
    receiver.status = 503
    async with Running(tmp_path, receiver, capacity=20 * 100_000) as running:
        running.add(range(1000))
        running.auditor.flush()
        await running.until_failing()
        running.add(range(1000, 1100), Verdict.REFUSED)
        running.auditor.flush()
        async with asyncio.timeout(10):
            while running.auditor.unwritten:
                await asyncio.sleep(0.01)
        report = running.auditor.report()
        assert report is not None
        assert report.dropped and report.losing and "spool is full" in report.losing
        assert report.spooled_bytes <= 100_000
        receiver.status = 200
        await receiver.until(1100 - report.dropped)
    assert {f"n{one}" for one in range(1000, 1100)} <= set(ids(receiver))


async def test_a_disk_that_takes_nothing_loses_nothing_while_the_receiver_takes(
    tmp_path: Path, receiver: FakeReceiver
) -> None:
    (tmp_path / "audit").write_text("a file where a folder should be")
    async with Running(tmp_path, receiver) as running:
        running.add(range(200))
        await receiver.until(200)
        assert running.auditor.counts.dropped == 0
    assert ids(receiver) == each_once(200)
