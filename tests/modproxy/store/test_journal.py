import errno
import os
from pathlib import Path

import pytest

from modproxy.store import journal as module
from modproxy.store.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal(tmp_path / "journal")
    made.open()
    return made


def again(journal: Journal, tmp_path: Path) -> Journal:
    """What the next process finds, after a kill: nothing was closed."""
    made = Journal(tmp_path / "journal")
    made.open()
    return made


def test_what_is_not_done_is_found_again(journal: Journal, tmp_path: Path) -> None:
    for key in "abcd":
        assert journal.add(key)
    journal.done("b")
    journal.done("d")
    journal.add("d")
    assert again(journal, tmp_path).load(0, 10).keys == ["a", "c", "d"]


def test_names_come_in_portions(journal: Journal) -> None:
    keys = [f"key-{number}" for number in range(10)]
    for key in keys:
        journal.add(key)
    journal.done("key-1")
    journal.done("key-7")
    first = journal.load(0, 4)
    assert (first.keys, first.more) == (["key-0", "key-2", "key-3"], True)
    second = journal.load(first.at, 4)
    assert (second.keys, second.more) == (["key-4", "key-5", "key-6"], True)
    third = journal.load(second.at, 4)
    assert (third.keys, third.more, third.at) == (["key-8", "key-9"], False, journal.size)


def test_a_line_that_a_kill_has_cut_harms_no_other(journal: Journal, tmp_path: Path) -> None:
    journal.add("whole")
    with (tmp_path / "journal" / "journal").open("ab") as file:
        file.write(b"+cu")
    assert journal.load(0, 10).keys == ["whole"]
    other = again(journal, tmp_path)
    other.add("next")
    assert other.load(0, 10).keys == ["whole", "cu", "next"]


def test_it_is_written_anew_and_goes_on(journal: Journal, tmp_path: Path) -> None:
    for number in range(1000):
        journal.add(f"{number}")
        journal.done(f"{number}")
    journal.begin_anew(["left"])
    journal.add("new")
    assert journal.size == len("+left\n+new\n")
    assert again(journal, tmp_path).load(0, 10).keys == ["left", "new"]


def test_a_full_journal_takes_no_more(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_BYTES", 4)
    assert journal.add("abc")
    assert not journal.add("d")
    assert journal.dropped == 1


def test_it_remembers_that_the_store_was_filled(journal: Journal, tmp_path: Path) -> None:
    assert not journal.filled
    journal.note_filled(filled=True)
    assert again(journal, tmp_path).filled
    journal.note_filled(filled=False)
    assert not journal.filled


def test_a_line_that_a_full_disk_has_cut_harms_no_other(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(fd: int, data: bytes) -> None:
        os.write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    journal.add("first")
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_all", half)
        assert not journal.add("no-room")
    begins = journal.size
    assert journal.add("second")
    assert "second" in journal.load(begins, 10).keys
    assert {"first", "second"} <= set(again(journal, tmp_path).load(0, 10).keys)


@pytest.mark.parametrize(
    "damaged", ["../../outside", "/etc/passwd", ".modproxy/secret", "a//b", "x" * 300, "a\0b", "a/" * 3000 + "b", ""]
)
def test_a_damaged_line_names_no_file(journal: Journal, damaged: str) -> None:
    journal.add("before")
    journal.add(damaged)
    journal.add("after")
    assert journal.load(0, 10).keys == ["before", "after"]
