"""Zips of which every record can be written as one likes, lawful or not."""

import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Any


def deflated(content: bytes, level: int = 6) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@dataclass(frozen=True)
class Entry:
    """One entry as Go's zip writer makes it: deflated, with a descriptor behind it.

    `local` and `listed` take the place of fields of the local header and of the directory: method, flags, crc, packed,
    size, name, extra, version, comment, place.
    """

    name: str
    content: bytes = b"package m\n"
    method: int = 8
    described: bool = True
    packed: bytes | None = None
    signature: bytes = b"PK\x07\x08"
    behind: bytes = b""
    """Bytes between this entry and the next one."""
    local: dict[str, Any] = field(default_factory=dict)
    listed: dict[str, Any] = field(default_factory=dict)
    described_as: dict[str, int] = field(default_factory=dict)
    hidden: bool = False
    """Whether the directory does not name the entry."""

    def but(self, **changes: Any) -> "Entry":
        return replace(self, **changes)


def crafted(
    *entries: Entry,
    before: bytes = b"",
    comment: bytes = b"",
    before_end: bytes = b"",
    end: dict[str, int] | None = None,
) -> bytes:
    """Write a zip. `end` takes the place of fields of the end record: disk, count, size, place."""
    out = bytearray(before)
    directory = bytearray()
    count = 0
    for entry in entries:
        packed = entry.packed
        if packed is None:
            packed = deflated(entry.content) if entry.method == 8 else entry.content
        sums = {"crc": zlib.crc32(entry.content), "packed": len(packed), "size": len(entry.content)}
        common = {
            "method": entry.method, "flags": 8 if entry.described else 0, "name": entry.name.encode(), "extra": b"",
            "comment": b"", "version": 20, "place": len(out), **sums,
        }  # fmt: skip
        here = common | (dict.fromkeys(sums, 0) if entry.described else {}) | entry.local
        out += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", here["version"], here["flags"], here["method"], 0, 0, here["crc"],
            here["packed"], here["size"], len(here["name"]), len(here["extra"]),
        )  # fmt: skip
        out += here["name"] + here["extra"] + packed
        if entry.described:
            said = sums | entry.described_as
            out += entry.signature + struct.pack("<3L", said["crc"], said["packed"], said["size"])
        out += entry.behind
        there = common | entry.listed
        if not entry.hidden:
            count += 1
            directory += struct.pack(
                "<4s6H3L5H2L", b"PK\x01\x02", 20, there["version"], there["flags"], there["method"], 0, 0, there["crc"],
                there["packed"], there["size"], len(there["name"]), len(there["extra"]), len(there["comment"]), 0, 0, 0,
                there["place"],
            )  # fmt: skip
            directory += there["name"] + there["extra"] + there["comment"]
    fields = {"disk": 0, "count": count, "size": len(directory), "place": len(out)} | (end or {})
    return bytes(out) + bytes(directory) + before_end + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", fields["disk"], fields["disk"], fields["count"], fields["count"], fields["size"],
        fields["place"], len(comment),
    ) + comment  # fmt: skip
