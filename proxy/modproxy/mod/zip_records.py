"""The records of a zip: their forms, and which of them are as Go's zip writer makes them (APPNOTE.TXT 4.3)."""

from struct import Struct
from typing import Final

LOCAL = Struct("<4s5H3L2H")
"""Signature, version, flags, method, time, date, CRC-32, packed size, size, lengths of name and extra field (4.3.7)."""
DESCRIPTOR = Struct("<4s3L")
"""Signature, CRC-32, packed size, size (4.3.9)."""
ENTRY = Struct("<4s6H3L5H2L")
"""As `LOCAL` with the version of the writer before it, and behind it the lengths of name, extra field and comment, the
number of the disk, attributes of 2 and 4 bytes, and where the local header is (4.3.12).
"""
END = Struct("<4s4H2LH")
"""Signature, two numbers of disks, two counts of entries, size and place of the directory, length of the comment
(4.3.16).
"""
LOCAL_SIGNATURE = b"PK\x03\x04"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
ENTRY_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
ZIP64_SIGNATURE = b"PK\x06\x07"
ZIP64_LOCATOR = 20
"""In bytes: the record before the end record of a zip64, which begins with `ZIP64_SIGNATURE` (4.3.15)."""
HAS_DESCRIPTOR: Final = 0x8
HARMLESS_FLAGS = 0x806 | HAS_DESCRIPTOR
"""The name is UTF-8, and how well the entry is packed (4.4.4). All other flags are of what Go cannot read."""
NEWEST_VERSION: Final = 45
"""The version of the format that Go's zip writer needs at most (4.4.3)."""

FACTS = Struct("<H3L")
"""Method, CRC-32, packed size and size of an entry."""
HIDDEN: Final = -1
_MOST_SIGNATURES = 64
"""Signatures within packed bytes: by chance none, and some in an entry that is a zip itself."""
_LONGEST_EXTRA = 256
"""In bytes: extra fields with times and owners of files have some ten."""
_HARMFUL_EXTRA = frozenset([0x0001, 0x7075])
"""Fields that change what the entry says: sizes of a zip64 (4.5.3), another name (4.6.9)."""
_EXTRA = Struct("<2H")


def is_harmless(extra: bytes) -> bool:
    """Say whether extra fields are well-formed, and change nothing that the entry says."""
    at = 0
    while len(extra) - at >= _EXTRA.size:
        tag, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size + length
        if at > len(extra) or tag in _HARMFUL_EXTRA:
            return False
    return len(extra) <= _LONGEST_EXTRA


def end_by_descriptor(buffer: bytes, begin: int) -> int | None:
    """Return where the packed bytes end that begin at `begin`: before a descriptor of just so many packed bytes.

    Returns `HIDDEN` if so many signatures come before it that the search would take long, and None when the buffer has
    no such descriptor.
    """
    at = begin - 1
    for _ in range(_MOST_SIGNATURES):
        at = buffer.find(DESCRIPTOR_SIGNATURE, at + 1)
        if not 0 <= at <= len(buffer) - DESCRIPTOR.size:
            return None
        if DESCRIPTOR.unpack_from(buffer, at)[2] == at - begin:
            return at
    return HIDDEN
