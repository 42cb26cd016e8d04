"""The tar format of bundles: one kind of header, made from a name and a size, and nothing else. Pure.

Source of the rules: POSIX.1-2001, "pax Interchange Format", of which regular files alone are used. The reader makes the
header of each entry anew and compares the bytes, so links, devices, owners, dates and sparse files cannot be written.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 512
"""Bytes: the unit of tar."""
END = bytes(2 * BLOCK)
"""The end of a tar file: two blocks of zeros. A bundle has nothing behind it."""
LONGEST_NAME = 2048
"""Characters of an entry's name: as many as a URL path of a module proxy may have."""
_SHORT_NAME = 100
"""Characters that the header itself has room for. A longer name stands in an extended header before it."""
_FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x")
_EXTENDED_NAME = b"././@PaxHeader"
_FILE, _EXTENDED = b"0", b"x"
_KIND_AT = 156


class BundleError(ValueError):
    """The file is no bundle, or a bundle that was cut or changed; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Names an entry of a bundle, and where its bytes are in the file."""

    name: str
    size: int
    offset: int


def header(name: str, size: int) -> bytes:
    """Return what stands before the bytes of an entry."""
    encoded = name.encode("ascii")
    if len(encoded) <= _SHORT_NAME:
        return _block(encoded, size, _FILE)
    record = _path_record(encoded)
    extended = _block(_EXTENDED_NAME, len(record), _EXTENDED) + record + padding(len(record))
    return extended + _block(encoded[:_SHORT_NAME], size, _FILE)


def padding(size: int) -> bytes:
    """Return the zeros that stand behind the bytes of an entry."""
    return bytes(-size % BLOCK)


def _path_record(name: bytes) -> bytes:
    """Return the record of an extended header: its own length in decimal digits, and the name."""
    rest = len(b" path=\n") + len(name)
    length = rest + len(str(rest))
    if len(str(length)) + rest != length:
        length += 1
    return b"%d path=%b\n" % (length, name)


def _block(name: bytes, size: int, kind: bytes) -> bytes:
    blank = b" " * 8
    owner, device = b"0000000\0", b"0000000\0"
    fields = (
        name, b"0000644\0", owner, owner, b"%011o\0" % size, b"00000000000\0", blank, kind, b"", b"ustar\0", b"00",
        b"", b"", device, device, b"",
    )  # fmt: skip
    block = _FIELDS.pack(*fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def read_headers(file: BinaryIO) -> Iterator[Entry]:
    """Yield each entry when its bytes are next. Whoever iterates reads all of them before the next step.

    Raises `BundleError`, also for bytes behind the end.
    """
    while True:
        first = exactly(file, BLOCK)
        if first == END[:BLOCK]:
            if exactly(file, BLOCK) != END[BLOCK:] or file.read(1):
                raise BundleError("there is something behind the end of the bundle")
            return
        seen, name = first, first[:_SHORT_NAME].rstrip(b"\0")
        if first[_KIND_AT : _KIND_AT + 1] == _EXTENDED:
            record = exactly(file, _size_of(first, LONGEST_NAME + 20))
            pad = exactly(file, -len(record) % BLOCK)
            name = record.partition(b" path=")[2].removesuffix(b"\n")
            last = exactly(file, BLOCK)
            seen = first + record + pad + last
            size = _size_of(last)
        else:
            size = _size_of(first)
        try:
            text = name.decode("ascii")
        except UnicodeDecodeError:
            raise BundleError("an entry has a name that is no ASCII text") from None
        if not text or len(text) > LONGEST_NAME:
            raise BundleError(f"an entry has no name, or one of more than {LONGEST_NAME} characters")
        if seen != header(text, size):
            raise BundleError(f"the header of entry {text!r} is not that of a bundle: it was changed")
        yield Entry(text, size, file.tell())
        if exactly(file, -size % BLOCK).strip(b"\0"):
            raise BundleError(f"there is something between entry {text!r} and the next one")


def _size_of(block: bytes, largest: int = 8 << 30) -> int:
    digits = block[124:135]
    if not digits.isdigit() or any(c not in b"01234567" for c in digits) or int(digits, 8) > largest:
        raise BundleError("a header has no lawful size: this is no bundle, or it was changed")
    return int(digits, 8)


def exactly(file: BinaryIO, size: int) -> bytes:
    """Return the next `size` bytes. Raises `BundleError` where the file ends before."""
    data = file.read(size)
    if len(data) != size:
        raise BundleError("the bundle ends too early: it was cut, or it is no bundle")
    return data
