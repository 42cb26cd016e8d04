"""The write-behind with a real disk and an S3 over HTTP: more names than memory takes, evictions, refusals, ends."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from modproxy.bucket.bucket import Bucket
from modproxy.bucket.client import BucketSettings
from modproxy.contract.config import ObjectStoreConfig
from modproxy.store import journal, uploads, write_behind
from modproxy.store.disk import DiskStore
from modproxy.store.protocol import StoredFile
from modproxy.store.write_behind import WriteBehind
from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers
from tests.modproxy.bucket.site import s3_secret


@pytest.fixture
async def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeS3]:
    monkeypatch.setattr(write_behind, "FIRST_PAUSE", 0.02)
    s3_secret(tmp_path)
    async with FakeS3() as server:
        yield server


@asynccontextmanager
async def site(folder: Path, s3: FakeS3, *, works: bool = True) -> AsyncIterator[tuple[DiskStore, WriteBehind]]:
    store = DiskStore(folder / "cache")
    store.prepare()
    behind = WriteBehind(store, Bucket())
    config = ObjectStoreConfig(url=f"s3://{BUCKET}", endpoint=s3.url)
    await behind.take(BucketSettings(config, folder / "bucket"))
    await store.count()
    running = asyncio.create_task(behind.run()) if works else None
    try:
        yield store, behind
    finally:
        if running is not None:
            running.cancel()
        await store.settle()
        await behind.close()
        store.close()


def name(number: int) -> str:
    return f"example.com/m/@v/v1.0.{number}.mod"


async def until_written(behind: WriteBehind) -> None:
    async def written() -> bool:
        return behind.waiting == 0

    await eventually(written, "all is written", seconds=30)


def keys(s3: FakeS3) -> set[str]:
    return {key for key in s3.objects if not key.startswith(".modproxy")}


async def test_more_names_than_memory_takes_wait_in_the_journal(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_NAMES", 10)
    monkeypatch.setattr(write_behind, "MOST_NAMES", 10)
    s3.faults.append(answers(503, "SlowDown"))
    async with site(tmp_path, s3) as (store, behind):
        for number in range(100):
            await store.put(name(number), b"module example.com/m\n", "upstream")
        assert behind.waiting == 100
        s3.faults.clear()
        await until_written(behind)
    assert keys(s3) == {name(number) for number in range(100)}


async def test_a_full_journal_has_the_disk_gone_through(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_NAMES", 5)
    monkeypatch.setattr(write_behind, "MOST_NAMES", 5)
    monkeypatch.setattr(journal, "LONGEST_BYTES", 400)
    s3.faults.append(answers(503, "SlowDown"))
    async with site(tmp_path, s3) as (store, _):
        for number in range(50):
            await store.put(name(number), b"module example.com/m\n", "upstream")
        await store.settle()
        s3.faults.clear()

        async def written() -> bool:
            return len(keys(s3)) == 50

        await eventually(written, "all is written", seconds=30)


async def test_what_a_killed_process_left_is_written_and_what_never_reached_the_disk_is_not_lost(
    s3: FakeS3, tmp_path: Path
) -> None:
    async with site(tmp_path, s3, works=False) as (store, behind):
        await s3.stop()
        await store.put(name(1), b"one", "upstream")
        await store.settle()
        found = behind.journal
        assert found is not None
        found.add(name(2))
    await s3.start()
    async with site(tmp_path, s3) as (store, behind):
        await until_written(behind)
        assert behind.lost == 0
    assert keys(s3) == {name(1)}


async def test_a_file_that_was_evicted_before_its_turn_is_counted(s3: FakeS3, tmp_path: Path) -> None:
    async with site(tmp_path, s3, works=False) as (store, behind):
        for number in range(3):
            await store.put(name(number), b"body", "upstream")
        await store.put("example.com/m/@v/list", b"v1.0.0\n", "upstream")
        await store.settle()
        await store.delete(name(1))
        await store.delete("example.com/m/@v/list")
        await asyncio.sleep(0)

        async def noted() -> bool:
            return behind.waiting == 2

        await eventually(noted, "two are left")
        assert behind.lost == 1


async def test_a_file_that_is_refused_again_and_again_is_given_up(s3: FakeS3, tmp_path: Path) -> None:
    s3.faults.append(answers(400, "KeyTooLongError", part=name(0)))
    async with site(tmp_path, s3) as (store, behind):
        await store.put(name(0), b"body", "upstream")

        async def given_up() -> bool:
            await store.put(name(len(s3.objects) + 1), b"body", "upstream")
            return behind.lost == 1

        await eventually(given_up, "it is given up", seconds=30)
        await until_written(behind)
        assert behind.report() is not None


async def test_copies_are_not_written_but_records_of_a_database_are(s3: FakeS3, tmp_path: Path) -> None:
    record = "sumdb/sum.example.com/lookup/example.com/m@v1.0.0"
    async with site(tmp_path, s3) as (store, behind):

        async def filled() -> bool:
            return behind.journal is not None and behind.journal.filled

        await eventually(filled, "the disk was gone through, which had nothing")
        await store.put(name(1), b"body", "upstream", copy=True)
        await store.put(record, b"record", "database sum.example.com+0", copy=True)
        behind.bucket.spoil(name(2))
        await store.put(name(2), b"body", "upstream", copy=True)
        await until_written(behind)
    assert keys(s3) == {record, name(2)}, "and what replaces a file that was refused"


async def test_a_file_that_cannot_be_read_for_a_while_is_written_later(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    async with site(tmp_path, s3) as (store, behind):
        opens = store.open

        async def exhausted(file: StoredFile) -> BinaryIO:
            if len(refused) < 3:
                refused.append(file.key)
                raise OSError(errno.EMFILE, "Too many open files")
            return await opens(file)

        monkeypatch.setattr(store, "open", exhausted)
        await store.put(name(1), b"module example.com/m\n", "upstream")
        await until_written(behind)
        assert (len(refused), behind.lost) == (3, 0)
    assert keys(s3) == {name(1)}
