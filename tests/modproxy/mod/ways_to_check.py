"""All ways in which a module zip is checked, which must lead to one answer."""

import io
import random

from modproxy.mod.archive import ArchiveError, check_carefully
from modproxy.mod.path import check_path
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip, check_and_hash
from tests.modproxy.crafted_zip import Entry, crafted

PATH, VERSION = check_path("example.com/m"), Version("v1.0.0")
PREFIX = "example.com/m@v1.0.0/"
A, B, MOD = (
    Entry(PREFIX + "a.go"),
    Entry(PREFIX + "sub/b.go", b"package b\n" * 99),
    Entry(PREFIX + "go.mod", b"module m"),
)
NOISE = random.Random(7).randbytes(700_000)
LARGE = Entry(PREFIX + "noise", NOISE)
NESTED = crafted(A, B, MOD)


def careful(data: bytes) -> str:
    try:
        return check_carefully(io.BytesIO(data), PATH, VERSION)
    except ArchiveError as e:
        return str(e)


def whole(data: bytes) -> str:
    try:
        return check_and_hash(io.BytesIO(data), PATH, VERSION)
    except ArchiveError as e:
        return str(e)


def arrived(data: bytes, *sizes: int) -> tuple[str, bool]:
    """Return the hash or the error of a zip that comes in pieces of these sizes in turn, and whether it was usual."""
    arriving = ArrivingZip(PATH, VERSION)
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        arriving.feed(data[at : at + size])
        at += size
        turn += 1
    try:
        return arriving.finish(io.BytesIO(data)), arriving.usual
    except ArchiveError as e:
        return str(e), arriving.usual


def agree(data: bytes, *sizes: int) -> tuple[str, bool]:
    """Check that all ways lead to one answer; return it, and whether the zip was usual."""
    expected = careful(data)
    assert whole(data) == expected
    answer, usual = arrived(data, *(sizes or (70_000,)))
    assert answer == expected
    return answer, usual
