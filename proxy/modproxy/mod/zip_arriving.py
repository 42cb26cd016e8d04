"""The check of a module zip while its bytes arrive, so that little is left to do when the last byte is here.

Each entry has a local header before it, and Go's zips have a data descriptor behind each; the directory stands at the
end (APPNOTE.TXT 4.3). An entry is hashed where its local header says that it begins, and the hash is kept under that
place. Each entry of the directory must then name one place, with the very name, method, sizes and CRC-32 that were
found there: so the hash is that of the bytes which a reader of the directory unpacks. A zip that is in any way unlike
what Go's own zip writer makes is left to `check_carefully`, which reads the directory first and which alone refuses.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from modproxy.mod import zip_records as records
from modproxy.mod.archive import LARGEST_ZIP, check_carefully, file_fault
from modproxy.mod.path import ModulePath, file_path_fault
from modproxy.mod.version import Version
from modproxy.mod.zip_content import DEFLATED, STORED, ComingContent, SpoiltContentError, whole_digest
from modproxy.mod.zip_directory import DEEPEST, LARGEST_DIRECTORY, LONGEST_NAME, MOST_ENTRIES, Names

_GATHERED = 64 << 10
"""In bytes: smaller pieces are put together before they are looked at, so that many small ones cost little."""
_PIECE = 256 << 10
"""In bytes: what is looked at at once. With an entry that is waited for, this bounds what is held in memory."""
_WAITED_FOR = 256 << 10
"""In packed bytes: an entry up to this size is waited for and inflated at once, and a larger one as its bytes come."""
_READ = 1 << 20


_NAME_IN_LINE = 64 + 2
"""Where the name begins in a line that is hashed: behind the digest and two spaces."""
_NOTHING = b"", b""


class _UnusualError(Exception):
    """The zip is not as Go's zip writer makes it, so that only the careful check can judge it."""


@dataclass(slots=True)
class _Coming:
    """An entry that is hashed while its bytes come."""

    content: ComingContent
    place: int
    """Where the local header is."""
    name: bytes
    method: int
    sums: Sequence[int] | None
    """CRC-32, packed size and size; None when a descriptor behind the entry has them."""


def check_and_hash(file: BinaryIO, path: ModulePath, version: Version) -> str:
    """Check a zip as `CheckZip` does, and return its `h1:` hash.

    Raises `ArchiveError`. Blocks for long, because every byte is hashed: call it off the event loop.
    """
    arriving = ArrivingZip(path, version)
    file.seek(0)
    while arriving.usual and (piece := file.read(_READ)):
        arriving.feed(piece)
    return arriving.finish(file)


class ArrivingZip:
    """Checks and hashes one zip. Its calls block, and may come from any thread, one at a time."""

    def __init__(self, path: ModulePath, version: Version) -> None:
        self.usual = True
        """False as soon as it is known that only the careful check can judge the zip."""
        self._path = path
        self._version = version
        self._prefix = f"{path}@{version}/".encode()
        self._gathered: list[bytes] = []
        self._waiting = 0
        """How many bytes are gathered."""
        self._buffer = b""
        """Bytes that have come and are not understood yet."""
        self._at = 0
        """Where the buffer begins in the zip."""
        self._step: _Step = ArrivingZip._read_local
        """What the next bytes are. It returns where the bytes after them begin; None while more bytes are needed."""
        self._names = Names()
        self._total = 0
        """How many bytes all files together have, unpacked."""
        self._hashed: dict[int, tuple[bytes, bytes]] = {}
        """Method, CRC-32 and sizes as the directory has them, and the line to be hashed, by the place of the local
        header.
        """
        self._coming: _Coming | None = None
        self._directory_at = 0
        self._found: list[tuple[bytes, bytes]] = []
        """Name and line of each entry of the directory."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the zip."""
        if not self.usual:
            return
        self._gathered.append(data)
        self._waiting += len(data)
        if self._waiting >= _GATHERED:
            self._look_at_gathered()

    def finish(self, file: BinaryIO) -> str:
        """Return the `h1:` hash of the zip, all of whose bytes were fed and are in `file`. Raises `ArchiveError`."""
        return self.usual_hash(file) or check_carefully(file, self._path, self._version)

    def usual_hash(self, file: BinaryIO) -> str | None:
        """Return what `finish` returns, or None when only the careful check can judge the zip."""
        self._look_at_gathered()
        if self.usual and self._ends_well(file):
            self._found.sort()
            digest = hashlib.sha256(b"".join([line for _, line in self._found]))
            return "h1:" + base64.b64encode(digest.digest()).decode()
        self._give_up()
        return None

    def _give_up(self) -> None:
        """Free what is held: the careful check begins anew, and needs memory of its own."""
        self.usual = False
        self._gathered, self._buffer, self._names, self._hashed, self._found = [], b"", Names(), {}, []

    def _look_at_gathered(self) -> None:
        data = self._gathered[0] if len(self._gathered) == 1 else b"".join(self._gathered)
        self._gathered, self._waiting = [], 0
        try:
            for begin in range(0, len(data), _PIECE):
                self._understand(self._buffer + data[begin : begin + _PIECE])
        except (_UnusualError, SpoiltContentError, UnicodeDecodeError):
            self._give_up()

    def _understand(self, buffer: bytes) -> None:
        at = 0
        while (after := self._step(self, buffer, at)) is not None:
            at = after
        self._buffer = buffer[at:]
        self._at += at

    def _read_local(self, buffer: bytes, at: int) -> int | None:
        """Hash an entry that is here whole, or begin one that is not."""
        if len(buffer) - at < records.LOCAL.size:
            return None
        signature, _, flags, method, _, _, crc, packed, size, name_length, extra = records.LOCAL.unpack_from(buffer, at)
        if signature == records.ENTRY_SIGNATURE:
            self._directory_at, self._step = self._at + at, ArrivingZip._read_directory
            return at
        if signature != records.LOCAL_SIGNATURE or flags & ~records.HARMLESS_FLAGS or method not in (STORED, DEFLATED):
            raise _UnusualError
        begin: int = at + records.LOCAL.size + name_length + extra
        if begin > len(buffer):
            return None
        name = buffer[at + records.LOCAL.size : at + records.LOCAL.size + name_length]
        if flags & records.HAS_DESCRIPTOR:
            if method == STORED:
                raise _UnusualError  # bytes that are not packed do not say where they end
            end = records.end_by_descriptor(buffer, begin)
            if end is None and len(buffer) - begin < _WAITED_FOR:
                return None
            if end is None or end == records.HIDDEN:
                content = ComingContent(method, None, LARGEST_ZIP - self._total)
                self._coming = _Coming(content, self._at + at, name, method, None)
                self._step = ArrivingZip._read_coming
                return begin
            _, crc, packed, size = records.DESCRIPTOR.unpack_from(buffer, end)
            after = end + records.DESCRIPTOR.size
        else:
            end = begin + packed
            after = end
            if end > len(buffer):
                if packed <= _WAITED_FOR:
                    return None
                content = ComingContent(method, packed, min(size, LARGEST_ZIP - self._total))
                self._coming = _Coming(content, self._at + at, name, method, (crc, packed, size))
                self._step = ArrivingZip._read_coming
                return begin
        self._admit(name, size)
        digest = whole_digest(buffer[begin:end], method, size, crc)
        self._note(self._at + at, name, records.FACTS.pack(method, crc, packed, size), digest)
        return after

    def _read_coming(self, buffer: bytes, at: int) -> int | None:
        """Hash what is here of the entry that comes."""
        coming = self._coming
        if coming is None:
            raise AssertionError("an entry comes after it was begun")
        content = coming.content
        if not content.ended:
            return at + content.take(buffer[at:]) if at < len(buffer) else None
        sums = coming.sums
        if sums is None:
            if len(buffer) - at < records.DESCRIPTOR.size:
                return None
            signature, *sums = records.DESCRIPTOR.unpack_from(buffer, at)
            if signature != records.DESCRIPTOR_SIGNATURE:
                raise _UnusualError
            at += records.DESCRIPTOR.size
        if list(sums) != [content.crc, content.packed, content.size]:
            raise _UnusualError
        self._admit(coming.name, content.size)
        self._note(coming.place, coming.name, records.FACTS.pack(coming.method, *sums), content.digest())
        self._coming, self._step = None, ArrivingZip._read_local
        return at

    def _admit(self, name: bytes, size: int) -> None:
        """Apply the rules for names and sizes. Directories and whatever breaks a rule are for the careful check."""
        if len(name) > LONGEST_NAME or not name.startswith(self._prefix):
            raise _UnusualError
        inner = name[len(self._prefix) :].decode()
        self._total += size
        if (
            file_path_fault(inner)
            or self._names.add(inner, is_dir=False)
            or file_fault(inner, size)
            or self._total > LARGEST_ZIP
            or len(self._hashed) >= MOST_ENTRIES
            or (len(name) > DEEPEST and name.count(b"/") > DEEPEST)
        ):
            raise _UnusualError

    def _note(self, place: int, name: bytes, facts: bytes, digest: str) -> None:
        self._hashed[place] = facts, b"%b  %b\n" % (digest.encode(), name)

    def _read_directory(self, buffer: bytes, at: int) -> int | None:
        """Compare an entry of the directory with what was hashed."""
        if len(buffer) - at < records.ENTRY.size:
            if buffer.startswith(records.END_SIGNATURE, at):
                self._step = ArrivingZip._read_end
            return None
        (
            signature, _, version, flags, method, _, _, crc, packed, size, name_length, extra, comment, _, _, _, place,
        ) = records.ENTRY.unpack_from(buffer, at)  # fmt: skip
        after: int = at + records.ENTRY.size + name_length + extra + comment
        if signature != records.ENTRY_SIGNATURE or flags & ~records.HARMLESS_FLAGS or version > records.NEWEST_VERSION:
            raise _UnusualError
        if self._at + after - self._directory_at > LARGEST_DIRECTORY:
            raise _UnusualError
        if after > len(buffer):
            return None
        name_end = at + records.ENTRY.size + name_length
        name = buffer[at + records.ENTRY.size : name_end]
        facts, line = self._hashed.pop(place, _NOTHING)
        if facts != records.FACTS.pack(method, crc, packed, size) or line[_NAME_IN_LINE:-1] != name:
            raise _UnusualError
        if extra and not records.is_harmless(buffer[name_end : name_end + extra]):
            raise _UnusualError
        self._found.append((name, line))
        return after

    def _read_end(self, buffer: bytes, at: int) -> int | None:
        """Wait for the end record, which must be the last bytes of the zip."""
        if len(buffer) - at > records.END.size:
            raise _UnusualError
        return None

    def _ends_well(self, file: BinaryIO) -> bool:
        """Say whether the end record is that of the directory which was read, and was the last that came."""
        if len(self._buffer) != records.END.size or not self._found:
            return False
        signature, disk, first_disk, here, count, size, place, comment = records.END.unpack(self._buffer)
        end = self._directory_at + size
        if signature != records.END_SIGNATURE or disk or first_disk or comment or end != self._at or here != count:
            return False
        if place != self._directory_at or count != len(self._found):
            return False
        if end + records.END.size > LARGEST_ZIP or file.seek(0, os.SEEK_END) != end + records.END.size:
            return False
        file.seek(end - records.ZIP64_LOCATOR)
        before_end: bytes = file.read(len(records.ZIP64_SIGNATURE))
        return before_end != records.ZIP64_SIGNATURE


_Step = Callable[[ArrivingZip, bytes, int], int | None]
