"""Zips: what CheckZip accepts and refuses, and the h1 hash, compared with what Go computed for real modules."""

import zipfile
from pathlib import Path

import pytest

from modproxy.mod.archive import ArchiveError, check_and_hash, go_mod_hash
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from tests.modproxy.module_files import raw_zip

PREFIX = "example.com/m@v1.0.0/"


def judge(tmp_path: Path, entries: dict[str, bytes]) -> str:
    file = tmp_path / "m.zip"
    file.write_bytes(raw_zip(entries))
    return check_and_hash(file, check_path("example.com/m"), Version("v1.0.0"))


@pytest.mark.parametrize(
    "names",
    [
        ["go.mod", "a.go"],
        ["vendor/modules.txt", "vendor/x/y.go"],
        ["dir/", "dir/a.go"],
        ["A.go", "b.go"],
        ["日本.go"],
        ["straße.txt", "strasse.txt"],
        [],
    ],
)
def test_lawful(tmp_path: Path, names: list[str]) -> None:
    assert judge(tmp_path, {PREFIX + name: b"" for name in names}).startswith("h1:")


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        (["Go.mod"], "lower case"),
        (["sub/go.mod"], "root"),
        (["a.go", "A.go"], "collides"),
        (["a/b.go", "A/c.go"], "collides"),
        (["a", "a/b"], "both a file and a directory"),
        (["\u212a.go", "k.go"], "collides"),
        (["x/../y"], "invalid path element"),
        (["a//b"], "empty path element"),
        (["con"], "Windows"),
        (["a\\b"], "invalid character"),
    ],
)
def test_unlawful(tmp_path: Path, names: list[str], rule: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        judge(tmp_path, {PREFIX + name: b"" for name in names})
    assert rule in str(caught.value)


def test_an_entry_twice(tmp_path: Path) -> None:
    file = tmp_path / "m.zip"
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(PREFIX + "a", b"1")
        archive.writestr(PREFIX + "a", b"2")
    with pytest.raises(ArchiveError, match="twice"):
        check_and_hash(file, check_path("example.com/m"), Version("v1.0.0"))


def test_damaged_content(tmp_path: Path) -> None:
    file = tmp_path / "m.zip"
    data = bytearray(raw_zip({PREFIX + "a": b"hello world" * 50}, compression=zipfile.ZIP_STORED))
    data[60] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArchiveError, match="CRC"):
        check_and_hash(file, check_path("example.com/m"), Version("v1.0.0"))


def test_hashes_are_those_of_go_sum(tmp_path: Path) -> None:
    # The lines of go.sum for a module made of exactly these files, computed by x/mod/sumdb/dirhash.
    go_mod = b"module example.com/m\n\ngo 1.21\n"
    assert go_mod_hash(go_mod) == "h1:ONeDgCa5UF/jJRjGzpOKmUiezgFEk4IPFZ96frvroW0="
    assert (
        judge(tmp_path, {PREFIX + "go.mod": go_mod, PREFIX + "m.go": b"package m\n"})
        == "h1:fMmDKxylWHrLDMBXPo7zB62VLWneCU9/dHwc0CJrWDU="
    )
