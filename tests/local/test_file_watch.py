"""Each way in which a file can change is noticed once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goproxy_operator.local.file_watch import FileEvent, FileWatch

SAME, CHANGED, GONE = FileEvent.SAME, FileEvent.CHANGED, FileEvent.GONE


def in_place(path: Path) -> None:
    path.write_text("longer than before")


def renamed_over(path: Path) -> None:
    draft = path.with_name("draft")
    draft.write_text("before")
    draft.rename(path)


def link_swapped(path: Path) -> None:
    other = path.parent.parent / "other"
    other.mkdir()
    (other / path.name).write_text("before")
    swap = path.parent.with_name("swap")
    swap.symlink_to(other)
    swap.rename(path.parent)


@pytest.mark.parametrize("edit", [in_place, renamed_over, link_swapped])
def test_an_edit_is_told_once_and_when_it_is_over(tmp_path: Path, edit: Callable[[Path], None]) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "current").symlink_to(tmp_path / "first")
    path = tmp_path / "current" / "file"
    path.write_text("before")
    watch = FileWatch(path)
    assert watch.poll() is SAME
    edit(path)
    assert [watch.poll() for _ in range(4)] == [SAME, CHANGED, SAME, SAME]


def test_a_file_that_is_still_being_written_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    watch = FileWatch(path)
    for length in range(3):
        path.write_text("x" * length)
        assert watch.poll() is SAME
    assert watch.poll() is CHANGED


def test_a_file_that_goes_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    watch = FileWatch(path)
    path.unlink()
    assert [watch.poll() for _ in range(3)] == [SAME, GONE, SAME]
    path.write_text("before")
    assert [watch.poll() for _ in range(3)] == [SAME, CHANGED, SAME]
