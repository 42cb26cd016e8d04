"""Mounted files: how a change is noticed, and how a key of a Secret is read."""

from pathlib import Path

import pytest

from modproxy.contract.mounted import file_mark, read_secret_key


def test_the_mark_follows_links_and_changes_with_the_file(tmp_path: Path) -> None:
    link = tmp_path / "current"
    assert file_mark(link / "config") is None
    for name in ("..1", "..2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config").write_text("same")
    link.symlink_to("..1")
    first = file_mark(link / "config")
    assert first == file_mark(tmp_path / "..1" / "config")
    link.unlink()
    link.symlink_to("..2")
    assert file_mark(link / "config") not in (None, first)


@pytest.mark.parametrize(
    ("content", "read"),
    [(b"word", "word"), (b"word\n", "word"), (b"word\r\n", "word"), (b" w ord \n\n", " w ord "), ("é".encode(), "é")],
)
def test_a_key_loses_the_line_break_at_its_end_alone(tmp_path: Path, content: bytes, read: str) -> None:
    (tmp_path / "password").write_bytes(content)
    assert read_secret_key(tmp_path, "password") == read


def test_a_key_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_secret_key(tmp_path, "password")
    (tmp_path / "password").write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        read_secret_key(tmp_path, "password")
