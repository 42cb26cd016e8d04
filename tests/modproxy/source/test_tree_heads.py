"""The file with the newest tree head: what others write there counts at once."""

from pathlib import Path

from modproxy.source.tree_heads import TreeHeads


def test_what_was_saved_last_counts_whoever_saved_it(tmp_path: Path) -> None:
    ours, others = TreeHeads(tmp_path / "folder" / "head"), TreeHeads(tmp_path / "folder" / "head")
    assert ours.load() is None
    ours.save(b"first")
    assert (ours.load(), others.load()) == (b"first", b"first")
    others.save(b"other")
    assert (ours.load(), others.load()) == (b"other", b"other")
    (tmp_path / "folder" / "head").unlink()
    assert ours.load() is None
    others.save(b"first")
    assert ours.load() == b"first"


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    heads = TreeHeads(tmp_path / "head")
    heads.save(b"first")
    assert heads.load() is heads.load()
