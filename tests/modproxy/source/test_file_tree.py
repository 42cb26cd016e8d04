"""A module tree on disk, as in `GOPROXY=file://`."""

from pathlib import Path

import pytest

from modproxy.source.file_tree import FileTree
from modproxy.source.protocol import NotFound, Unavailable
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import read

LIST = "example.com/!mixed/@v/list"


async def test_files_are_read_below_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "a tree"
    file = root / LIST
    file.parent.mkdir(parents=True)
    file.write_bytes(b"v1.0.0\n")
    source = FileTree(f"file://{tmp_path}/a%20tree")
    assert await read(source, request(LIST)) == b"v1.0.0\n"
    with pytest.raises(NotFound):
        await read(source, request("example.com/other/@v/list"))
    (root / "example.com" / "file").write_bytes(b"")
    with pytest.raises(NotFound):
        await read(source, request("example.com/file/@v/list"))


async def test_a_tree_that_cannot_be_read_is_no_absence(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Unavailable, match="symbolic links"):
        await read(FileTree(f"file://{tmp_path}/loop"), request(LIST))
