"""A zip that is checked while it arrives gets the hash, or the error, that the careful check gives the whole zip."""

import io
import struct
import tracemalloc

import pytest

from modproxy.mod.zip_arriving import ArrivingZip
from tests.modproxy.crafted_zip import Entry, crafted, deflated
from tests.modproxy.mod.ways_to_check import (
    LARGE,
    MOD,
    NESTED,
    NOISE,
    PATH,
    PREFIX,
    VERSION,
    A,
    B,
    agree,
    arrived,
    careful,
)
from tests.modproxy.module_files import raw_zip

USUAL = {
    "as Go writes it": crafted(A, MOD, B),
    "without descriptors": crafted(*(entry.but(described=False) for entry in (A, MOD, B))),
    "stored": crafted(A.but(method=0, described=False), B),
    "stored, empty": crafted(Entry(PREFIX + "e", b"", 0, described=False), B),
    "deflated, empty": crafted(Entry(PREFIX + "e", b""), B),
    "a large entry": crafted(A, LARGE, B),
    "a large entry without descriptor": crafted(A, LARGE.but(described=False), B),
    "a large stored entry": crafted(A, LARGE.but(method=0, described=False), B),
    "much in few bytes": crafted(A, Entry(PREFIX + "zeros", bytes(30 << 20)), B),
    "a nested zip, stored": crafted(A, Entry(PREFIX + "n.zip", NESTED, 0, described=False), B),
    "a nested zip, deflated": crafted(A, Entry(PREFIX + "n.zip", NESTED, packed=deflated(NESTED, 0)), B),
    "signatures in the data": crafted(
        A, Entry(PREFIX + "s", b"PK\x07\x08" * 999, packed=deflated(b"PK\x07\x08" * 999, 0)), B
    ),
    "names in other scripts": crafted(A.but(name=PREFIX + "日本.go", listed={"flags": 0x808}), B),
    "times as extra fields": crafted(
        A.but(listed={"extra": b"UT\x05\x00\x01abcd"}, local={"extra": b"UT\x01\x00a"}), B
    ),
    "another order in the directory": NESTED,
    "a comment of an entry": crafted(A.but(listed={"comment": b"hello"}), B),
    "entries that the directory does not name": crafted(A, B.but(hidden=True), MOD),
    "a local header with sums beside a descriptor": crafted(A.but(local={"crc": 1, "packed": 2, "size": 3}), B),
}
UNUSUAL = {
    "no entries": crafted(),
    "a comment": crafted(A, comment=b"hello"),
    "an end record in the comment": crafted(A, B, comment=crafted(A)[-22:]),
    "something before it": crafted(A, before=b"#!/bin/sh\n"),
    "something before it that is counted": b"#!/bin/sh\n" + crafted(A),
    "something between entries": crafted(A.but(behind=b"gap"), B),
    "something before the end record": crafted(A, B, before_end=b"gap"),
    "a directory that begins elsewhere": crafted(A, B, end={"place": 1}),
    "a wrong count": crafted(A, B, end={"count": 1}),
    "a second disk": crafted(A, B, end={"disk": 1}),
    "a descriptor without signature": crafted(A.but(signature=b""), B),
    "a descriptor of zip64": crafted(A.but(signature=b"PK\x07\x08" + bytes(8)), B),
    "stored with a descriptor": crafted(A.but(method=0), B),
    "a descriptor of another entry": crafted(A.but(described_as={"crc": 5}), B),
    "a descriptor with another size": crafted(A.but(described_as={"size": 5}), B),
    "another name in the directory": crafted(A.but(listed={"name": (PREFIX + "x.go").encode()}), B),
    "another name before the entry": crafted(A.but(local={"name": (PREFIX + "x.go").encode()}), B),
    "another CRC in the directory": crafted(A.but(listed={"crc": 7}), B),
    "another size in the directory": crafted(A.but(listed={"size": 7}), B),
    "another packed size in the directory": crafted(A.but(listed={"packed": 7}), B),
    "another method in the directory": crafted(A.but(listed={"method": 0}), B),
    "another method before the entry": crafted(A.but(described=False, local={"method": 0, "size": 12}), B),
    "an unknown method": crafted(A.but(method=12, packed=b"x"), B),
    "two entries of one place": crafted(A, B.but(listed={"place": 0})),
    "one entry named twice": crafted(A, A.but(hidden=True), A.but(listed={"place": 0})),
    "a place beyond the end": crafted(A, B.but(listed={"place": 1 << 30})),
    "a place within another entry": crafted(
        A, Entry(PREFIX + "n", NESTED, 0, described=False), B.but(listed={"place": 99})
    ),
    "encrypted": crafted(A.but(listed={"flags": 9}), B),
    "encrypted before the entry": crafted(A.but(local={"flags": 9}), B),
    "a newer format": crafted(A.but(listed={"version": 62}), B),
    "a far newer format": crafted(A.but(listed={"version": 99}), B),
    "sizes of zip64": crafted(A.but(listed={"size": 0xFFFFFFFF, "extra": struct.pack("<HHQ", 1, 8, 10)}), B),
    "half a field of zip64": crafted(A.but(listed={"size": 0xFFFFFFFF, "extra": b"\x01\x00\x02\x00ab"}), B),
    "an extra field that is too long": crafted(A.but(listed={"extra": b"UT\xff\x00"}), B),
    "another name in an extra field": crafted(A.but(listed={"extra": b"up\x06\x00\x01\x00\x00\x00\x00x"}), B),
    "a locator of zip64": crafted(A.but(listed={"comment": b"PK\x06\x07" + bytes(16)})),
    "bytes behind the deflated data": crafted(A.but(packed=deflated(A.content) + b"more"), B),
    "deflated data that is cut": crafted(A, B.but(packed=deflated(B.content)[:-1])),
    "content that is longer than declared": crafted(A.but(listed={"size": 3}, described_as={"size": 3}), B),
    "a bomb": crafted(A, Entry(PREFIX + "b", bytes(9 << 20)).but(listed={"size": 9}, described_as={"size": 9})),
    "a bomb that is large": crafted(A, LARGE.but(listed={"size": 9}, described_as={"size": 9})),
    "a directory as an entry": crafted(A, Entry(PREFIX + "sub/", b"", 0, described=False), B),
    "the prefix as an entry": crafted(Entry(PREFIX, b"", 0, described=False), B),
    "another prefix": crafted(A.but(name="example.com/m@v1.0.1/a.go"), B),
    "one name twice": crafted(A, A),
    "names that differ in case": crafted(A, A.but(name=PREFIX + "A.go")),
    "a file that is a folder": crafted(A.but(name=PREFIX + "sub"), B),
    "a name that leaves": crafted(A.but(name=PREFIX + "../a"), B),
    "a name that is not UTF-8": crafted(A.but(local={"name": b"\xff"}, listed={"name": b"\xff"}), B),
    "a name with a line break": crafted(A.but(name=PREFIX + "a\nb"), B),
    "a name for Windows": crafted(A.but(name=PREFIX + "x/con.go"), B),
    "a go.mod elsewhere": crafted(A, B.but(name=PREFIX + "x/GO.MOD")),
    "deeper than anything": crafted(A, B.but(name=PREFIX + "a/" * 300 + "b")),
    "a name longer than any": crafted(A, B.but(name=PREFIX + "a" * 5000)),
    "a large go.mod": crafted(MOD.but(content=bytes((16 << 20) + 1))),
    "a zip that is cut": crafted(A, B, MOD)[:-9],
    "bytes behind the end": crafted(A, B, MOD) + b"\n",
    "a directory alone": crafted(A)[len(crafted(A)) - 22 - 46 - len(PREFIX) - 4 :],
    "nothing": b"",
    "no zip": b"<html>" * 20_000,
    "a block that zlib refuses": crafted(A.but(content=b"", packed=b"\x06")),
}


@pytest.mark.parametrize("data", USUAL.values(), ids=USUAL)
@pytest.mark.parametrize("sizes", [(1 << 30,), (1000, 70_000, 1), (300_000, 17)], ids=str)
def test_usual_zips_are_hashed_as_they_come(data: bytes, sizes: tuple[int, ...]) -> None:
    answer, usual = agree(data, *sizes)
    assert answer.startswith("h1:")
    assert usual


@pytest.mark.parametrize("data", UNUSUAL.values(), ids=UNUSUAL)
def test_all_others_are_left_to_the_careful_check(data: bytes) -> None:
    _, usual = agree(data)
    assert not usual


def test_pieces_of_one_byte() -> None:
    assert agree(crafted(A, MOD, B), 1)[1]


def test_the_bytes_that_were_fed_count_and_no_others() -> None:
    arriving = ArrivingZip(PATH, VERSION)
    arriving.feed(crafted(A, B))
    other = crafted(A, B, MOD)
    assert arriving.finish(io.BytesIO(other)) == careful(other)
    assert not arriving.usual


def test_a_bomb_is_not_held_in_memory() -> None:
    data = crafted(A, *(Entry(f"{PREFIX}{number}", bytes(40 << 20)) for number in range(3)), B)
    tracemalloc.start()
    try:
        assert arrived(data, 70_000)[1]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_too_much_in_all_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("archive", "zip_arriving"):
        monkeypatch.setattr(f"modproxy.mod.{module}.LARGEST_ZIP", 1 << 20)
    for data in (crafted(A, Entry(PREFIX + "b", bytes(2 << 20))), crafted(LARGE, LARGE.but(name=PREFIX + "again"))):
        answer, usual = agree(data)
        assert "more than the 1048576" in answer or "more than 1048576 bytes" in answer
        assert not usual


def test_python_and_go_write_usual_zips() -> None:
    files = {f"{PREFIX}{number}/{name}": NOISE[:number] for number in range(200) for name in ("a.go", "b.go")}
    assert agree(raw_zip(files))[1]
