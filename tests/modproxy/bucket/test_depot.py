"""The depot: what is written where there is nothing, and what stays there, in folders and in real and faked stores."""

import asyncio
import errno
import hashlib
import io
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from modproxy.bucket.bucket import Bucket, BucketError
from modproxy.bucket.client import BucketSettings
from modproxy.bucket.depot import Depot
from modproxy.bucket.folder import FolderFiles
from modproxy.bucket.record import ObjectRecord
from modproxy.contract.config import ObjectStoreConfig
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers, ignores_conditions
from tests.modproxy.bucket.site import s3_secret
from tests.modproxy.bucket.versity import versity

KEY = "hosted/example.com/!m/@v/v1.0.0+incompatible.zip"
KINDS = ("own", "folder", "fake", "versity")


@asynccontextmanager
async def depot_of(kind: str, folder: Path) -> AsyncIterator[Depot]:
    """Open a depot of a kind."""
    async with AsyncExitStack() as stack:
        settings: BucketSettings | None = None
        if kind == "folder":
            settings = BucketSettings(ObjectStoreConfig(url=f"file://{folder}/shared"))
        elif kind == "fake":
            s3 = await stack.enter_async_context(FakeS3())
            settings = _of_s3(folder, s3.url)
        elif kind == "versity":
            secret = s3_secret(folder)
            settings = _of_s3(folder, stack.enter_context(versity(folder / "gateway", secret)).url)
        yield await opened(settings, folder)


async def opened(settings: BucketSettings | None, folder: Path) -> Depot:
    shared = Bucket()
    await shared.take(settings)
    depot = Depot(shared, folder / "depot")
    await depot.take(settings, on=True)
    return depot


def _of_s3(folder: Path, url: str) -> BucketSettings:
    if not (folder / "bucket").exists():
        s3_secret(folder)
    config = ObjectStoreConfig(url=f"s3://{BUCKET}/fleet", endpoint=url, secret_name="bucket")
    return BucketSettings(config, folder / "bucket")


def record_of(body: bytes) -> ObjectRecord:
    return ObjectRecord(len(body), hashlib.sha256(body).hexdigest(), 1.7e9, "hosted", "h1:x=")


@pytest.mark.parametrize("kind", KINDS)
async def test_files_are_made_read_listed_and_removed(kind: str, tmp_path: Path) -> None:
    async with depot_of(kind, tmp_path) as depot:
        await depot.require_conditions()
        made = await asyncio.gather(*(depot.create(".modproxy/claims/a", bytes([n])) for n in range(8)))
        kept = await depot.read(".modproxy/claims/a", 10)
        assert kept is not None and sorted(made) == [False] * 7 + [True] and kept.body == bytes([made.index(True)])

        large = os.urandom((5 << 20) + 3)
        await depot.put_file(KEY, io.BytesIO(large), record_of(large))
        assert await depot.head(KEY) == (len(large), record_of(large))
        small = KEY.replace(".zip", ".mod")
        for body in (b"first", b"second one"):
            await depot.put(small, body, record_of(body))
        read = await depot.read(small, 100)
        assert read is not None and (read.body, read.record) == (b"second one", record_of(b"second one"))
        await depot.put("hosted/example.com/!m/v2/@v/v2.0.0.mod", b"other", None)

        listed, more = await depot.list("hosted/example.com/!m/@v", 10)
        assert {(one.key, one.size) for one in listed} == {(KEY, len(large)), (small, 10)} and not more
        assert all(abs(one.modified - time.time()) < 3600 or kind == "fake" for one in listed)
        listed, more = await depot.list("hosted/example.com/!m/@v", 1)
        assert len(listed) == 1 and more
        assert await depot.list("hosted/example.com/nothing/@v", 10) == ([], False)

        for _ in range(2):
            await depot.delete(KEY)
        assert await depot.head(KEY) is None and await depot.read(KEY, 10) is None
        with pytest.raises(BucketError):
            await depot.read(small, 3)


async def test_the_bytes_of_an_own_folder_are_counted_and_found_again(tmp_path: Path) -> None:
    depot = await opened(None, tmp_path)
    assert depot.own is depot.bucket
    await depot.create("a/b", b"12345")
    await depot.put("a/c", b"123", record_of(b"123"))
    with_record = depot.used_bytes
    await depot.put("a/c", b"1", record_of(b"1"))
    await depot.put("a/c", b"123", record_of(b"123"))
    assert depot.used_bytes == with_record > 8
    (tmp_path / "depot" / ".modproxy" / "staging" / "left").write_bytes(b"x" * 1000)
    again = await opened(None, tmp_path)
    assert again.used_bytes == with_record
    await again.delete("a/c")
    assert again.used_bytes == 5


async def test_nothing_is_opened_before_it_is_asked_for(tmp_path: Path) -> None:
    depot = Depot(Bucket(), tmp_path / "depot")
    await depot.take(None, on=False)
    assert depot.bucket is None and not (tmp_path / "depot").exists() and depot.used_bytes == 0
    with pytest.raises(BucketError):
        await depot.create("a", b"")


@pytest.mark.parametrize("status,code", [(501, "NotImplemented"), (501, "Other"), (400, "NotImplemented")])
async def test_a_store_without_conditional_writes_is_told_and_nothing_is_written(
    status: int, code: str, tmp_path: Path
) -> None:
    async with FakeS3() as s3:
        s3.faults.append(answers(status, code, method="PUT"))
        depot = await opened(_of_s3(tmp_path, s3.url), tmp_path)
        with pytest.raises(BucketError, match="conditional writes, which hosted modules need"):
            await depot.create("a", b"")
        with pytest.raises(BucketError, match="conditional writes, which hosted modules need"):
            await depot.require_conditions()
        assert not s3.objects


async def test_a_store_that_ignores_conditions_is_found_out(tmp_path: Path) -> None:
    async with FakeS3() as s3:
        s3.faults.append(ignores_conditions(s3))
        depot = await opened(_of_s3(tmp_path, s3.url), tmp_path)
        with pytest.raises(BucketError, match="conditional writes, which hosted modules need"):
            await depot.require_conditions()


async def test_an_outage_is_no_absence(tmp_path: Path) -> None:
    async with FakeS3() as s3:
        depot = await opened(_of_s3(tmp_path, s3.url), tmp_path)
        s3.faults.append(answers(500, "InternalError"))
        for asks in (depot.read("a", 10), depot.list("a", 10), depot.head("a")):
            with pytest.raises(BucketError):
                await asks


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depot = await opened(None, tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "fsync", full)
    for writes in (depot.create("a", b"1"), depot.put("b", b"2", None)):
        with pytest.raises(BucketError, match="has no room") as told:
            await writes
        assert told.value.failure.kind == "room"
    monkeypatch.undo()
    assert [path for path in (tmp_path / "depot").rglob("*") if path.is_file()] == [] and depot.used_bytes == 0


def test_a_volume_that_is_not_mounted_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FolderFiles(tmp_path / "missing" / "shared").create("a", b"")
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
async def test_a_file_system_without_hard_links_is_told(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, "no links")

    monkeypatch.setattr(os, "link", refused)
    depot = await opened(None, tmp_path)
    with pytest.raises(BucketError, match="conditional writes"):
        await depot.create("a", b"1")


def test_all_is_on_stable_storage_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[str] = []
    real: Callable[[int], None] = os.fsync

    def fsync(fd: int) -> None:
        settled.append(str(Path(f"/proc/self/fd/{fd}").readlink()).removeprefix(str(tmp_path)))
        real(fd)

    files = FolderFiles(tmp_path / "d")
    files.begin(alone=True)
    monkeypatch.setattr(os, "fsync", fsync)
    files.create("a/b/c", b"1")
    assert settled[0].startswith("/d/.modproxy/staging/")
    assert settled[1:] == ["/d", "/d/a", "/d/a/b"]
    settled.clear()
    files.put("a/b/c", [b"2"])
    files.delete("a/b/c")
    assert settled[1:] == ["/d/a/b"] * 2
