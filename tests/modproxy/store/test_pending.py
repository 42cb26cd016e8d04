"""Files are there at once, and on the disk soon after: many of them by one call, and never a wrong one."""

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from modproxy.contract.config import CacheConfig
from modproxy.store import pending, stable
from modproxy.store.disk import DiskStore
from modproxy.store.files import rename
from modproxy.store.janitor import Janitor
from modproxy.store.pending import Outcome, Pending
from modproxy.store.protocol import LARGEST_BODY
from tests.modproxy.store.test_store import Diary

LIST, ZIP = "example.com/m/@v/list", "example.com/m/@v/v1.0.0.zip"


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[DiskStore]:
    store = DiskStore(tmp_path)
    store.prepare()
    yield store
    store.close()


@pytest.fixture
def gate(disk: DiskStore, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Keeps publications waiting until it is set, as a slow disk does."""
    opened, publish = threading.Event(), disk._pending._publish

    def slow(batch: Sequence[Pending]) -> Sequence[Outcome]:
        assert opened.wait(20)
        return publish(batch)

    monkeypatch.setattr(disk._pending, "_publish", slow)
    return opened


async def publish_zip(disk: DiskStore, data: bytes, dirhash: str = "h1:x") -> None:
    draft = await disk.draft(len(data))
    await draft.write(data)
    assert await disk.publish(draft, ZIP, dirhash) is not None
    draft.close()


async def test_a_file_is_there_while_the_disk_is_slow(disk: DiskStore, gate: threading.Event) -> None:
    put = await disk.put(LIST, b"v1.0.0\n", "upstream")
    await publish_zip(disk, b"zip" * 100)
    assert await disk.get(LIST) == put
    found = await disk.get(ZIP)
    assert found is not None
    assert (found.size, found.dirhash, disk.used_bytes, disk.objects) == (300, "h1:x", 307, 0)
    with await disk.open(found) as one, await disk.open(found) as other:
        assert one.read(3) == other.read(3) == b"zip", "readers do not share a position"
        gate.set()
        await disk.settle()
        assert one.read() == b"zip" * 99
    assert (disk.root / LIST).read_bytes() == b"v1.0.0\n"
    assert (disk.root / ZIP).read_bytes() == b"zip" * 100
    stored = await disk.get(ZIP)
    assert stored is not None
    assert (stored.etag, stored.dirhash) == (found.etag, "h1:x")
    assert (disk.used_bytes, disk.objects) == (307 + len("h1:x"), 3)
    assert not os.listdir(disk.private / "drafts")  # noqa: PTH208 - a list is all that is needed


async def test_the_newest_of_a_key_is_published(disk: DiskStore, gate: threading.Event) -> None:
    for number in range(5):
        await disk.put(LIST, b"v1.%d.0\n" % number)
    gate.set()
    await disk.settle()
    assert (disk.root / LIST).read_bytes() == b"v1.4.0\n"
    assert (disk.used_bytes, disk.objects) == (7, 1)


async def test_what_is_deleted_meanwhile_gets_no_name(disk: DiskStore, gate: threading.Event) -> None:
    diary = Diary()
    disk.subscribe(diary)
    await disk.put(LIST, b"v1.0.0\n")
    await publish_zip(disk, b"zip")
    await disk.delete(LIST)
    await disk.delete(ZIP)
    gate.set()
    await disk.settle()
    assert await disk.get(LIST) is None
    assert diary.said == [f"+{LIST}", f"+{ZIP}", f"-{LIST}", f"-{ZIP}"]
    assert (disk.used_bytes, disk.objects) == (0, 0)
    assert [path for path in disk.root.rglob("*") if path.is_file()] == []


async def test_an_older_file_goes_unheard_while_a_newer_one_waits(disk: DiskStore, gate: threading.Event) -> None:
    gate.set()
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    gate.clear()
    diary = Diary()
    disk.subscribe(diary)
    await disk.put(LIST, b"v1.0.0\nv1.1.0\n")
    disk._folder.remove(LIST, lambda _: True)
    gate.set()
    await disk.settle()
    assert diary.said == [f"+{LIST}"], "the store has had the key all the time"
    assert (disk.root / LIST).read_bytes() == b"v1.0.0\nv1.1.0\n"


async def test_many_files_are_brought_to_the_disk_by_few_calls(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    monkeypatch.setattr("modproxy.store.folder.settle", lambda files, _: batches.append(len(files)))
    for number in range(200):
        await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n")
    gate.set()
    await disk.settle()
    assert sum(batches) == 200
    assert len(batches) <= 2, "the first one may have gone alone"
    assert disk.objects == 200


async def test_a_disk_that_is_slow_for_long_takes_no_more(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "_MOST_BYTES", 10)
    assert await disk.put(LIST, b"v1.0.0\n") is not None
    assert await disk.put("example.com/n/@v/list", b"v1.0.0\n") is None
    gate.set()
    await disk.settle()
    assert await disk.put("example.com/n/@v/list", b"v1.0.0\n") is not None
    assert disk.pressure.refusal is None


async def test_one_file_that_cannot_be_published_fails_alone(disk: DiskStore, gate: threading.Event) -> None:
    (disk.root / "example.com").mkdir()
    (disk.root / "example.com" / "m").write_text("a file where a folder should be")
    await disk.put(LIST, b"v1.0.0\n")
    await disk.put("example.com/n/@v/list", b"v1.0.0\n")
    gate.set()
    await disk.settle()
    assert await disk.get(LIST) is None
    assert (disk.root / "example.com/n/@v/list").read_bytes() == b"v1.0.0\n"
    assert disk.used_bytes == 7


async def test_stable_storage_that_fails_lets_nothing_in(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_files: Sequence[str], _folder: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("modproxy.store.folder.settle", fail)
    await disk.put(LIST, b"v1.0.0\n")
    await publish_zip(disk, b"zip")
    gate.set()
    await disk.settle()
    assert disk.pressure.refusal == "the cache's disk refuses writes: Input/output error"
    assert [path for path in disk.root.rglob("*") if path.is_file()] == []
    assert (disk.used_bytes, disk.objects) == (0, 0)


async def test_a_file_that_came_before_a_refusal_does_not_end_it(disk: DiskStore, gate: threading.Event) -> None:
    await disk.put(LIST, b"v1.0.0\n")
    disk.pressure.refused(OSError(28, "No space left on device"))
    gate.set()
    await disk.settle()
    assert disk.pressure.refusal is not None
    disk.pressure._retry_at = 0.0
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    assert disk.pressure.refusal is None


async def test_a_fault_of_the_program_leaves_nothing_pending(disk: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Sequence[Pending]) -> Sequence[Outcome]:
        raise ZeroDivisionError

    monkeypatch.setattr(disk._pending, "_publish", fail)
    await disk.put(LIST, b"v1.0.0\n")
    async with asyncio.timeout(10):
        await disk.settle()
    assert await disk.get(LIST) is None
    assert disk.used_bytes == 0


@pytest.mark.parametrize("second", [LARGEST_BODY + 1, LARGEST_BODY + 9])
@pytest.mark.parametrize("settled", [False, True])
async def test_a_file_that_was_replaced_is_never_opened_for_the_other(
    disk: DiskStore, gate: threading.Event, settled: bool, second: int
) -> None:
    gate.set()
    old = await disk.put(LIST, b"1" * (LARGEST_BODY + 1))
    assert old is not None
    await disk.settle()
    with await disk.open(old) as file:
        assert file.read(1) == b"1"
    found = await disk.get(LIST)
    assert found is not None
    if not settled:
        gate.clear()
    new = await disk.put(LIST, b"2" * second)
    assert new is not None
    if settled:
        await disk.settle()
        for file_of_old in (old, found):
            with pytest.raises(FileNotFoundError):
                await disk.open(file_of_old)
    else:
        with await disk.open(found) as file:
            assert file.read() == b"1" * (LARGEST_BODY + 1)
    with await disk.open(new) as file:
        assert file.read() == b"2" * second
    gate.set()


async def test_what_was_replaced_waits_too(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "_MOST_FILES", 10)
    taken = [await disk.put(LIST, b"") is not None for _ in range(20)]
    assert taken == [True] * 10 + [False] * 10
    gate.set()
    await disk.settle()
    assert await disk.put(LIST, b"") is not None


async def test_a_listener_that_fails_does_not_end_the_publications(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Pending, __: OSError | None) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(disk._pending, "_ended", fail)
    for number in range(3):
        await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n")
    gate.set()
    await disk.settle()
    assert (disk.pending_files, disk.used_bytes, disk.objects) == (0, 21, 3)


async def test_the_end_waits_for_one_file_of_a_slow_disk(disk: DiskStore, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, written = threading.Event(), threading.Event(), list[str]()
    write = disk._folder._write

    def slow(one: Pending) -> list[Any]:
        begun.set()
        assert go_on.wait(20)
        written.append(one.file.key)
        return write(one)

    monkeypatch.setattr(disk._folder, "_write", slow)
    for number in range(50):
        await disk.put(f"example.com/m{number}/@v/list", b"v1.0.0\n")
    await asyncio.to_thread(begun.wait)
    ending = asyncio.create_task(asyncio.to_thread(disk._pending.close))
    await asyncio.sleep(0.05)
    go_on.set()
    await ending
    assert len(written) == 1
    assert [path for path in disk.root.rglob("*") if path.is_file()] == []


async def test_no_zip_ever_stands_beside_the_hash_of_another(
    disk: DiskStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.set()
    await publish_zip(disk, b"old", "h1:old")
    await disk.settle()
    seen: list[tuple[bytes | None, bytes | None]] = []

    def content(path: Path) -> bytes | None:
        return path.read_bytes() if path.exists() else None

    def renamed(draft: str, path: str) -> os.stat_result | None:
        replaced = rename(draft, path)
        zip_ = disk.root / ZIP
        seen.append((content(zip_), content(zip_.with_suffix(".ziphash"))))
        return replaced

    monkeypatch.setattr("modproxy.store.folder.rename", renamed)
    await publish_zip(disk, b"newer", "h1:newer")
    await disk.settle()
    assert seen == [(None, b"h1:newer"), (b"newer", b"h1:newer")], "a kill may come behind each"
    assert (disk.used_bytes, disk.objects) == (5 + 8, 2)


async def test_a_folder_that_vanished_takes_nothing_and_refuses_nobody(disk: DiskStore) -> None:
    assert disk.capacity()
    shutil.rmtree(disk.root)
    disk._measure_at = 0.0  # the size was measured a while ago
    await disk.put(LIST, b"v1.0.0\n")
    await disk.settle()
    assert await disk.get(LIST) is None
    assert await disk.put(LIST, b"v1.0.0\n") is None
    draft = await disk.draft(3, b"zip")
    assert (draft.read(0, 3), draft.path) == (b"zip", None)
    draft.close()
    assert disk.pressure.refusal is not None
    disk.pressure._retry_at = 0.0  # a while later
    disk.counted = True
    await Janitor(disk, CacheConfig(dir=str(disk.root))).tidy()
    assert disk.pressure.refusal is None
    assert await disk.put(LIST, b"v1.0.0\n") is not None
    await disk.settle()
    assert (disk.root / LIST).read_bytes() == b"v1.0.0\n"


@pytest.mark.parametrize("count", [1, 3, 4, 20])
def test_stable_storage_is_asked_for_files_or_for_all_at_once(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / str(number)) for number in range(count)]
    for file in files:
        Path(file).write_bytes(b"x")
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    stable.settle(files, str(tmp_path))
    assert len(calls) == (0 if count > 3 and stable._syncfs() is not None else count)


@pytest.mark.parametrize(
    ("release", "version"),
    [("6.1.0-13-amd64", (6, 1)), ("5.8", (5, 8)), ("5.4.0", (5, 4)), ("6.12+deb13", (6, 12)), ("odd", (0, 0))],
)
def test_the_version_of_a_kernel(release: str, version: tuple[int, int]) -> None:
    assert stable._version(release) == version
