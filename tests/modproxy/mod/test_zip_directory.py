"""The bounds of a zip's directory, and names that collide."""

import io
import itertools
import struct
import zipfile

import pytest

from modproxy.mod.archive import ArchiveError
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import check_and_hash
from modproxy.mod.zip_directory import DEEPEST, LARGEST_DIRECTORY, LONGEST_NAME, MOST_ENTRIES, Names, directory_fault
from tests.modproxy.module_files import raw_zip

PREFIX = "example.com/m@v1.0.0/"


def entry(name: bytes, extra: bytes = b"", comment: bytes = b"") -> bytes:
    lengths = struct.pack("<HHH", len(name), len(extra), len(comment))
    return b"PK\x01\x02" + bytes(24) + lengths + bytes(12) + name + extra + comment


def bare_zip(*entries: bytes, before: bytes = b"", comment: bytes = b"") -> io.BytesIO:
    """A zip that has a directory and no files."""
    directory = b"".join(entries)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(before), len(comment))
    return io.BytesIO(before + directory + end + comment)


@pytest.mark.parametrize(
    "file",
    [
        bare_zip(),
        bare_zip(entry(b"a" * LONGEST_NAME)),
        bare_zip(entry(b"/" * DEEPEST), entry(b"b", b"x" * 100, b"y" * 200)),
        bare_zip(*[entry(b"a")] * MOST_ENTRIES),
        bare_zip(entry(b"a"), before=b"self-extracting" * 1000, comment=b"PK" * 100),
        io.BytesIO(b"no zip at all"),
        io.BytesIO(),
    ],
    ids=itertools.count(),
)
def test_within_all_bounds(file: io.BytesIO) -> None:
    assert directory_fault(file) is None


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (bare_zip(entry(b"a" * (LONGEST_NAME + 1))), "the name of entry 1 has 4097 bytes"),
        (bare_zip(entry(b"a"), entry(b"a/" * 30_000)), "the name of entry 2 has 60000 bytes"),
        (bare_zip(entry(b"/" * (DEEPEST + 1))), "entry 1 lies in more than 255 folders"),
        (bare_zip(*[entry(b"a")] * (MOST_ENTRIES + 1)), "more than 100000 entries"),
        (bare_zip(*[entry(b"a", b"x" * 60_000)] * 300), "its directory has"),
        (bare_zip(entry(b"/" * 300), before=b"x" * 99, comment=b"c" * 60_000), "entry 1 lies in more"),
    ],
    ids=itertools.count(),
)
def test_beyond_a_bound(file: io.BytesIO, words: str) -> None:
    assert words in str(directory_fault(file))
    with pytest.raises(ArchiveError, match=words):
        check_and_hash(file, check_path("example.com/m"), Version("v1.0.0"))


def test_a_directory_that_lies_about_its_count() -> None:
    data = bytearray(bare_zip(*[entry(b"a")] * (MOST_ENTRIES + 1)).getvalue())
    assert data[-14:-10] == b"\x01\x00\x01\x00", "it says that it has one entry"
    assert directory_fault(io.BytesIO(data)) is not None


def test_a_zip64_is_bounded_too() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(70_000):  # more than the 65,535 of the older format
            archive.writestr(f"{number}", b"")
        archive.writestr("/" * 300, b"")
    assert len(file.getvalue()) < LARGEST_DIRECTORY
    assert "entry 70001 lies in more" in str(directory_fault(file))


@pytest.mark.timeout(60)
def test_deep_names_take_no_more_time_than_their_length() -> None:
    folders = "/".join(["a"] * 200)
    names = {f"{PREFIX}{folders}/{number}.go": b"" for number in range(3000)}
    assert check_and_hash(io.BytesIO(raw_zip(names)), check_path("example.com/m"), Version("v1.0.0"))


def test_folders_are_counted_as_files_are() -> None:
    names = Names()
    faults = (names.add("/".join(f"{number}{part}" for part in range(250)), is_dir=False) for number in range(1000))
    assert "files and folders" in next(fault for fault in faults if fault)


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        ("a/b/c.go", "a/b/d.go", None),
        ("a/b/", "a/b/c.go", None),
        ("a/b/", "a/b/", None),
        ("a/b/c.go", "a/B/d.go", "collides with 'a/b'"),
        ("straße", "STRASSE", None),
        ("\u017f.go", "s.go", "collides with '\u017f.go'"),
        ("É.go", "é.go", "collides with 'É.go'"),
        ("a/b.go", "a/b.go", "twice"),
        ("a/b.go", "a/b.go/c", "both a file and a directory"),
        ("a/b.go/c", "a/b.go", "both a file and a directory"),
    ],
)
def test_names_that_collide(first: str, second: str, fault: str | None) -> None:
    names = Names()
    assert names.add(first.removesuffix("/"), is_dir=first.endswith("/")) is None
    found = names.add(second.removesuffix("/"), is_dir=second.endswith("/"))
    assert found == fault if fault is None else fault in str(found)
