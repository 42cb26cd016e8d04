"""Drafts: on the cache's disk, or in the temporary folder when that disk refuses writes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modproxy.store.draft import DiskDraft, spool
from modproxy.threads import Pool


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool("disk", 2)
    yield made
    made.close()


async def test_a_spooled_draft_is_only_served(pool: Pool) -> None:
    draft = await pool.run(spool, pool)
    await draft.write(b"abc")
    assert (draft.path, draft.written, draft.read(1, 5)) == (None, 3, b"bc")
    draft.close()


async def test_a_reader_of_the_whole_outlives_the_draft(pool: Pool, tmp_path: Path) -> None:
    path = tmp_path / "draft"
    draft = DiskDraft(path, os.open(path, os.O_RDWR | os.O_CREAT), pool)
    await draft.write(b"first ")
    await draft.write(b"second")
    with draft.open() as file:
        draft.close()
        assert file.read() == b"first second"
    assert not path.exists()


async def test_a_draft_that_can_go_nowhere_raises(pool: Pool) -> None:
    full = DiskDraft(None, os.open("/dev/full", os.O_RDWR), pool)
    with pytest.raises(OSError, match="No space left"):
        await full.write(b"x")
    full.close()


def test_drafts_leave_no_descriptor_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number is all that is needed
    pool = Pool("disk", 1)
    for _ in range(20):
        spool(pool).close()
    pool.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
