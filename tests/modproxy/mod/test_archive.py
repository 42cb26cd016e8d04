"""Zips: what `CheckZip` accepts and refuses, and `h1:` hashes, compared with those that Go has computed."""

import io
import zipfile
from typing import BinaryIO

import pytest

from modproxy.mod.archive import ArchiveError, go_mod_hash
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import check_and_hash
from tests.modproxy.module_files import raw_zip

PREFIX = "example.com/m@v1.0.0/"


def judge(entries: dict[str, bytes]) -> str:
    return judge_zip(io.BytesIO(raw_zip(entries)))


def judge_zip(file: BinaryIO) -> str:
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
def test_lawful(names: list[str]) -> None:
    assert judge({PREFIX + name: b"" for name in names}).startswith("h1:")


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
def test_unlawful(names: list[str], rule: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        judge({PREFIX + name: b"" for name in names})
    assert rule in str(caught.value)


def test_an_entry_twice() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(PREFIX + "a", b"1")
        archive.writestr(PREFIX + "a", b"2")
    with pytest.raises(ArchiveError, match="twice"):
        judge_zip(file)


def test_damaged_content() -> None:
    data = bytearray(raw_zip({PREFIX + "a": b"hello world" * 50}, compression=zipfile.ZIP_STORED))
    data[60] ^= 1
    with pytest.raises(ArchiveError, match="CRC"):
        judge_zip(io.BytesIO(data))


def test_hashes_are_those_of_go_sum() -> None:
    # These are the lines of go.sum for a module of exactly these files; x/mod/sumdb/dirhash computed them.
    go_mod = b"module example.com/m\n\ngo 1.21\n"
    assert go_mod_hash(go_mod) == "h1:ONeDgCa5UF/jJRjGzpOKmUiezgFEk4IPFZ96frvroW0="
    assert (
        judge({PREFIX + "go.mod": go_mod, PREFIX + "m.go": b"package m\n"})
        == "h1:fMmDKxylWHrLDMBXPo7zB62VLWneCU9/dHwc0CJrWDU="
    )
