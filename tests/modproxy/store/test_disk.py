"""The cache directory: what is counted, what is removed, and what survives a restart."""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.config import CacheConfig
from modproxy.store.disk import DiskStore
from modproxy.store.eviction import Freed, evict
from modproxy.store.janitor import Janitor
from modproxy.store.pending import Pending
from modproxy.store.protocol import etag_of
from tests.modproxy.store.test_store import Diary

LIST = "example.com/m/@v/list"


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[DiskStore]:
    store = DiskStore(tmp_path)
    store.prepare()
    yield store
    store.close()


async def test_what_a_former_process_left_is_counted_and_its_drafts_go(tmp_path: Path) -> None:
    first = DiskStore(tmp_path)
    first.prepare()
    await first.put(LIST, b"v1.0.0\n")
    await first.settle()
    await (await first.draft()).write(b"unfinished")
    first.close()
    os.utime(tmp_path / LIST, (time.time() - 100, time.time() - 100))
    second = DiskStore(tmp_path)
    second.prepare()
    await second.put("example.com/n/@v/list", b"v1.0.0\n")
    await second.settle()
    (tmp_path / "example.com" / "m" / "@v" / "v1.0.0.ziphash").write_text("h1:x")
    os.utime(tmp_path / "example.com" / "m" / "@v" / "v1.0.0.ziphash", (time.time() - 100, time.time() - 100))
    await second.count()
    assert (second.used_bytes, second.objects, second.counted) == (14, 2, True), "a hash without its zip is removed"
    assert not list((tmp_path / ".modproxy" / "drafts").iterdir())
    second.close()


async def test_sizes_follow_what_comes_and_goes(disk: DiskStore) -> None:
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    await disk.put(LIST, b"v1.0.0\nv1.1.0\n")
    await disk.settle()
    assert (disk.used_bytes, disk.objects) == (14, 1)
    assert (disk.root / LIST).read_bytes() == b"v1.0.0\nv1.1.0\n"
    await disk.delete(LIST)
    assert (disk.used_bytes, disk.objects) == (0, 0)


async def test_an_eviction_says_which_keys_went(disk: DiskStore) -> None:
    diary = Diary()
    draft = await disk.draft()
    await draft.write(b"x" * 100)
    await disk.publish(draft, "example.com/m/@v/v1.0.0.zip", "h1:x")
    await disk.settle()
    draft.close()
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    disk.subscribe(diary)
    assert await disk.evict(evict, 1 << 20) == (3, 111)
    assert sorted(diary.said) == [f"-{LIST}", "-example.com/m/@v/v1.0.0.zip"]
    assert (disk.used_bytes, disk.objects) == (0, 0)


async def test_a_full_cache_keeps_nothing_more_and_says_so(disk: DiskStore) -> None:
    disk.limit = 14
    assert await disk.put(LIST, b"v1.0.0\n") is not None
    await disk.settle()
    assert await disk.put("example.com/n/@v/list", b"v1.0.0\n") is not None
    await disk.settle()
    assert await disk.put("example.com/o/@v/list", b"v1.0.0\n") is None
    await disk.settle()
    assert disk.pressure.reason == "the cache is full: 0 MiB are held"
    assert disk.used_bytes == 14
    draft = await disk.draft(17)
    await draft.write(b"is passed through")
    assert draft.read(0, 2) == b"is"
    assert draft.path is None
    draft.close()


async def test_what_is_being_written_counts_before_it_is_written(disk: DiskStore) -> None:
    disk.limit = 2000
    first, second = await disk.draft(600), await disk.draft(600)
    assert (first.path is None, second.path is None) == (False, True), "drafts have half of the capacity"
    assert disk.used_bytes == 600
    unannounced = await disk.draft()
    await unannounced.write(b"x" * 300)
    assert disk.used_bytes == 900
    await unannounced.write(b"x" * 300)
    assert (unannounced.path, disk.used_bytes) == (None, 600)
    assert await disk.publish(unannounced, "example.com/n/@v/v1.0.0.zip", "h1:x") is None
    await disk.settle()
    await first.write(b"x" * 600)
    assert await disk.publish(first, "example.com/m/@v/v1.0.0.zip", "h1:x") is not None
    await disk.settle()
    assert disk.used_bytes == 604, "a file that is stored counts once, though its draft is still open"
    for draft in (first, second, unannounced):
        draft.close()
    assert disk.used_bytes == 604


async def test_other_files_of_the_folder_count(disk: DiskStore) -> None:
    await disk.count()
    disk.limit = 1000
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    disk.beside = lambda: 990
    assert disk.used_bytes == 997
    assert await disk.put("example.com/n/@v/list", b"v1.0.0\n") is None
    await disk.settle()
    await Janitor(disk, CacheConfig()).tidy()
    assert disk.used_bytes == 990


async def test_the_janitor_makes_room_for_a_file_that_had_none(disk: DiskStore) -> None:
    await disk.count()
    disk.limit = 1000
    for number in range(8):
        await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n" * 10)
        await disk.settle()
    janitor = Janitor(disk, CacheConfig(high_watermark_percent=90, low_watermark_percent=80))
    disk.beside = lambda: 100
    (await disk.draft(500)).close()
    await janitor.tidy()
    assert disk.used_bytes <= 500
    draft = await disk.draft(500)
    assert draft.path is not None
    await janitor.tidy()
    assert disk.used_bytes > 600, "a promise evicts nothing by itself"
    draft.close()
    (await disk.draft(600)).close()
    await janitor.tidy()
    assert disk.used_bytes > 0, "nothing is evicted for a file that never fits"


@pytest.mark.parametrize("counted_first", [True, False])
async def test_what_goes_during_the_count_is_subtracted_once(tmp_path: Path, counted_first: bool) -> None:
    first = DiskStore(tmp_path)
    first.prepare()
    keys = [f"example.com/m{number}/@v/list" for number in (1, 5)]
    for key in keys:
        await first.put(key, b"v1.0.0\n")
        await first.settle()
        os.utime(tmp_path / key, (time.time() - 100, time.time() - 100))
    first.close()
    second = DiskStore(tmp_path)
    second.prepare()
    if counted_first:
        second._ledger.counted(keys[0], os.stat(tmp_path / keys[0]))  # noqa: PTH116 - as the store does
    await second.put(keys[0], b"v1.0.0\nv1.1.0\n")
    await second.settle()
    await second.delete(keys[1])
    await second.count()
    assert (second.used_bytes, second.objects) == (14, 1)
    second.close()


async def test_a_large_small_file_comes_without_its_bytes(disk: DiskStore) -> None:
    body = b"module example.com/m\n" * 5000
    put = await disk.put("example.com/m/@v/v1.0.0.mod", body)
    await disk.settle()
    again = DiskStore(disk.root)  # another process has to read the file for its tag
    got = await again.get("example.com/m/@v/v1.0.0.mod")
    assert put is not None
    assert got is not None
    assert (put.body, got.body, got.size) == (None, None, len(body))
    assert put.etag == got.etag == etag_of([body])
    again.close()


async def test_a_small_file_that_no_disk_takes_is_not_stored(
    disk: DiskStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".modproxy" / "drafts").rmdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    diary = Diary()
    disk.subscribe(diary)
    assert await disk.put(LIST, b"v1.0.0\n") is not None
    await disk.settle()
    await asyncio.sleep(0)
    assert disk.pressure.refusal == "the cache's disk refuses writes: No such file or directory"
    assert await disk.get(LIST) is None
    assert await disk.put(LIST, b"v1.0.0\n") is None, "it is not tried again at once"
    assert diary.said == [f"+{LIST}", f"-{LIST}"]
    assert (disk.used_bytes, disk.objects) == (0, 0)


async def test_a_file_that_cannot_be_removed_ends_no_eviction(disk: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = "example.com/stuck/@v/list"
    for key in (stuck, LIST):
        await disk.put(key, b"v1.0.0\n")
        await disk.settle()
    unlink = os.unlink

    def refusing(path: str) -> None:
        if str(path).endswith(stuck):
            raise PermissionError
        unlink(path)

    monkeypatch.setattr(os, "unlink", refusing)
    assert await disk.evict(evict, 1 << 20) == Freed(1, 7)
    assert (disk.used_bytes, disk.objects) == (7, 1)


async def test_a_file_that_is_used_meanwhile_stays(disk: DiskStore) -> None:
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    assert disk._folder.remove(LIST, lambda _: False) == Freed()
    assert await disk.get(LIST) is not None


async def test_many_threads_leave_the_count_and_the_last_word_right(disk: DiskStore) -> None:
    diary = Diary()
    disk.subscribe(diary)
    keys = [f"example.com/m{number}/@v/v1.0.0.zip" for number in range(8)]

    async def publish(key: str, size: int) -> None:
        draft = await disk.draft()
        await draft.write(b"x" * size)
        await disk.publish(draft, key, f"h1:{size}")
        await disk.settle()
        draft.close()

    for size in range(100, 120):
        await asyncio.gather(
            *(publish(key, size) for key in keys), *(disk.delete(key) for key in keys[::2]), disk.evict(evict, 300)
        )
    files = [path for path in (disk.root / "example.com").rglob("*") if path.is_file()]
    assert disk.objects == len(files)
    assert disk.used_bytes == sum(path.stat().st_size for path in files)
    last = {said[1:]: said[0] for said in diary.said}
    for key in keys:
        found = await disk.get(key)
        assert (last[key] == "+") is (found is not None)
        assert found is None or found.dirhash == f"h1:{found.size}", "a zip has its own hash, never that of another"


async def test_a_file_that_goes_as_soon_as_it_has_its_name_is_told_to_be_gone(disk: DiskStore) -> None:
    diary = Diary()
    disk.subscribe(diary)
    give_name = disk._folder._give_names

    def give_name_and_evict(one: Pending, drafts: Sequence[Any]) -> OSError | None:
        """Evict the file before the event loop hears of its name."""
        error = give_name(one, drafts)
        assert disk._folder.remove(LIST, lambda _: True).objects == 1
        return error

    disk._folder._give_names = give_name_and_evict  # type: ignore[method-assign]  # the moment is too short to hit
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    await asyncio.sleep(0.01)
    assert diary.said == [f"+{LIST}", f"-{LIST}"]
    assert await disk.get(LIST) is None


async def test_a_file_has_the_time_that_it_had_before_it_was_on_the_disk(
    disk: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(1)
    monkeypatch.setattr(time, "time", lambda: 1.7e9 + chance.random() * 1e8)
    for number in range(200):
        put = await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n")
        await disk.settle()
        found = await disk.get(f"example.com/m{number}/@v/list")
        assert put is not None and found is not None and put.modified == found.modified


async def test_a_zip_goes_with_its_hash(disk: DiskStore) -> None:
    draft = await disk.draft()
    await draft.write(b"x" * 100)
    await disk.publish(draft, "example.com/m/@v/v1.0.0.zip", "h1:x")
    await disk.settle()
    draft.close()
    assert disk.objects == 2
    await disk.delete("example.com/m/@v/v1.0.0.zip")
    assert (disk.used_bytes, disk.objects) == (0, 0)
    assert not [path for path in (disk.root / "example.com").rglob("*") if path.is_file()]


async def test_the_janitor_makes_room_and_ends_the_refusal(disk: DiskStore) -> None:
    await disk.count()
    disk.limit = 100
    for number in range(20):
        await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n")
        await disk.settle()
    janitor = Janitor(disk, CacheConfig(high_watermark_percent=80, low_watermark_percent=50))
    await janitor.tidy()
    assert disk.used_bytes <= 50
    await janitor.tidy()
    assert disk.pressure.refusal is None


async def test_use_is_written_down_by_and_by(disk: DiskStore) -> None:
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    long_ago = time.time() - 7200
    fetched = long_ago - 60
    os.utime(disk.root / LIST, (long_ago, fetched))
    await disk.get(LIST)
    # A file system that is mounted with noatime leaves the access time like this.
    os.utime(disk.root / LIST, (long_ago, fetched))
    await disk.write_down_use()
    status = (disk.root / LIST).stat()
    assert status.st_atime == pytest.approx(time.time(), abs=60)
    assert status.st_mtime == pytest.approx(fetched, abs=1), "when it was fetched is another matter"
