"""Drafts: on the cache's disk, or in the temporary folder when that disk refuses writes."""

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

import pytest

from modproxy.room import Reservation, Room
from modproxy.store.draft import DiskDraft, spool_draft
from modproxy.store.protocol import NoRoomError
from modproxy.threads import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool("disk", 2)
    yield made
    made.close()


def held(room: Room, size: int = 0) -> Reservation:
    reservation = room.reserve(size)
    assert reservation is not None
    return reservation


async def test_a_spooled_draft_is_only_served(pool: Pool) -> None:
    spool = Room(lambda: 5)
    draft = await spool_draft(pool, spool, 3, b"", 1)
    assert spool.reserved == 3
    await draft.write(b"abc")
    assert (draft.path, draft.written, draft.read(1, 5)) == (None, 3, b"bc")
    with pytest.raises(NoRoomError, match="temporary folder"):
        await draft.write(b"defg")
    with pytest.raises(NoRoomError):
        await spool_draft(pool, spool, 3, b"", 0.01)
    draft.close()
    assert spool.reserved == 0


async def test_a_draft_without_room_in_the_cache_goes_on_in_the_spool(pool: Pool, tmp_path: Path) -> None:
    cache, spool = Room(lambda: 5), Room(lambda: 8)
    path = tmp_path / "draft"
    draft = DiskDraft(path, FileIO(path, "x+"), pool, held(cache), spool)
    await draft.write(b"12345")
    assert (cache.reserved, spool.reserved, draft.path) == (5, 0, path)
    await draft.write(b"678")
    assert (cache.reserved, spool.reserved, draft.path) == (0, 8, None)
    assert isinstance(draft.refusal, NoRoomError)
    assert draft.read(0, 10) == b"12345678"
    with pytest.raises(NoRoomError):
        await draft.write(b"9")
    draft.close()
    assert spool.reserved == 0


async def test_a_reader_of_the_whole_outlives_the_draft(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "draft"
    room = Room(lambda: 100)
    draft = DiskDraft(path, FileIO(path, "x+"), pool, held(room), room)
    await draft.write(b"first ")
    await draft.write(b"second")
    with draft.open() as file:
        draft.close()
        assert file.read() == b"first second"
    assert not path.exists()


async def test_a_draft_that_can_go_nowhere_raises(pool: Pool) -> None:
    room = Room(lambda: 100)
    full = DiskDraft(None, FileIO("/dev/full", "r+"), pool, held(room), room)
    with pytest.raises(OSError, match="No space left"):
        await full.write(b"x")
    full.close()


async def test_drafts_leave_no_descriptor_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is all that is needed
    pool = Pool("disk", 1)
    for _ in range(20):
        (await spool_draft(pool, Room(lambda: 100), 100, b"x", 1)).close()
    pool.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
