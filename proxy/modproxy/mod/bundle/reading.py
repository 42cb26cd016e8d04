"""The check of a whole bundle: names, sizes, hashes, module files, and the records of the checksum database.

The bundle is read once from its beginning to its end, in small pieces, and each zip once more while it is checked. The
file has to be seekable, because proofs read its tiles in another order.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from modproxy.mod.answer import AnswerError, check_answer
from modproxy.mod.archive import ArchiveError, go_mod_hash
from modproxy.mod.bundle.archive_format import BundleError, Entry, exactly, read_headers
from modproxy.mod.bundle.manifest import (
    MANIFEST,
    BundledFile,
    BundledVersion,
    BundleManifest,
    Standing,
    read_manifest,
)
from modproxy.mod.bundle.names import expected_names, largest, list_of, read_name
from modproxy.mod.bundle.proofs import Proofs
from modproxy.mod.sumdb import Database, SumdbTarget, hashes_of, lookup_target, supported_target
from modproxy.mod.target import Kind, Target
from modproxy.mod.tlog import LogError, Record, Tree, parse_record, parse_tile
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import ArrivingZip

_PIECE = 128 << 10

Told = Callable[[int], None]
"""Is told, now and then, how many bytes of the bundle were read."""


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """Says what a bundle has, after all of it was checked."""

    manifest: BundleManifest
    places: Mapping[str, Entry]
    """Where each file is, by its name."""
    tree: Tree | None
    """The newest tree head, in which all records were proved; None where no key was given for the database."""

    def read(self, file: BinaryIO, name: str) -> bytes:
        """Return a small file of the bundle."""
        place = self.places[name]
        file.seek(place.offset)
        return exactly(file, place.size)


def check_bundle(file: BinaryIO, database: Database | None, told: Told = lambda _: None) -> CheckedBundle:
    """Check a bundle. Records of another database than `database` are not proved. Raises `BundleError` and `OSError`.

    Blocks for long, because every byte is hashed: call it off the event loop.
    """
    entries = read_headers(file)
    manifest = _manifest(entries, file)
    checks = _Checks(manifest)
    places: dict[str, Entry] = {}
    for expected in manifest.files:
        entry = next(entries, None)
        if entry is None or (entry.name, entry.size) != (expected.name, expected.size):
            found = "nothing" if entry is None else f"{entry.name!r} of {entry.size} bytes"
            raise BundleError(
                f"the manifest names {expected.name!r} of {expected.size} bytes here, and there is {found}"
            )
        checks.take(file, entry, expected)
        places[entry.name] = entry
        told(file.tell())
    if (extra := next(entries, None)) is not None:
        raise BundleError(f"entry {extra.name!r} is not in the manifest")
    tree = None
    if manifest.log is not None and database is not None and database.id == manifest.log.database:
        tree = Proofs(file, manifest.log, database, places, checks.records).prove()
    return CheckedBundle(manifest, places, tree)


def manifest_of(file: BinaryIO) -> BundleManifest:
    """Read the manifest of a bundle, and nothing else of it. Raises `BundleError` and `OSError`."""
    return _manifest(read_headers(file), file)


def _manifest(entries: Iterator[Entry], file: BinaryIO) -> BundleManifest:
    first = next(entries, None)
    if first is None or first.name != MANIFEST:
        raise BundleError(f"this is no bundle: its first entry is not {MANIFEST}")
    return read_manifest(file, first.size)


class _Checks:
    """Checks each file by what the manifest says of its version."""

    def __init__(self, manifest: BundleManifest) -> None:
        log = manifest.log
        self._head = log.head.encode() if log is not None else b""
        self._database = log.name if log is not None else None
        self._versions = {(v.module, v.version): v for v in manifest.versions}
        self._of_module: dict[str, list[BundledVersion]] = {}
        for version in manifest.versions:
            self._of_module.setdefault(version.module, []).append(version)
        self.records: list[tuple[BundledVersion, Record]] = []
        self._targets = _targets_of(manifest, self._database)

    def take(self, file: BinaryIO, entry: Entry, expected: BundledFile) -> None:
        """Read the bytes of an entry, and check them. Raises `BundleError`."""
        target = self._targets[entry.name]
        if entry.size > largest(target):
            raise BundleError(
                f"{entry.name!r} has {entry.size} bytes, more than the {largest(target)} that it may have"
            )
        if target.kind is Kind.ZIP and isinstance(target, Target):
            self._take_zip(file, entry, target, expected)
            return
        body = exactly(file, entry.size)
        _compare(entry.name, hashlib.sha256(body), expected)
        if isinstance(target, SumdbTarget):
            self._check_of_database(target, body)
        else:
            self._check_small(target, body)

    def _check_small(self, target: Target, body: bytes) -> None:
        if target.kind is Kind.LIST:
            if body != list_of(self._of_module[target.path]):
                raise BundleError(f"{target.key!r} does not name the versions that the bundle has")
            return
        try:
            check_answer(target, body)
        except AnswerError as e:
            raise BundleError(f"{target.key!r} does not fit its name: {e}") from None
        version = self._version(target)
        if target.kind is Kind.MOD and go_mod_hash(body) != version.mod:
            raise BundleError(f"{target.key!r} has another h1 hash than the manifest says")

    def _take_zip(self, file: BinaryIO, entry: Entry, target: Target, expected: BundledFile) -> None:
        version, digest = self._version(target), hashlib.sha256()
        arriving, left = ArrivingZip(version.module, version.version), entry.size
        while left:
            piece = exactly(file, min(left, _PIECE))
            digest.update(piece)
            arriving.feed(piece)
            left -= len(piece)
        _compare(entry.name, digest, expected)
        try:
            found = arriving.finish(part_of(file, entry))
        except ArchiveError as e:
            raise BundleError(f"{entry.name!r} is no lawful zip of its module: {e}") from None
        if found != version.zip:
            raise BundleError(f"{entry.name!r} has another h1 hash than the manifest says")
        file.seek(entry.offset + entry.size)

    def _check_of_database(self, target: SumdbTarget, body: bytes) -> None:
        if target.kind is Kind.LOOKUP:
            self._check_record(target, body)
        elif target.kind is Kind.TILE:
            tile = parse_tile(target.path)
            if tile is None or len(body) != tile.size:
                raise BundleError(f"{target.url_path!r} has not the size of its tile")
        elif body != (b"" if target == supported_target(target.database) else self._head):
            raise BundleError(f"{target.url_path!r} is not the tree head of the manifest")

    def _check_record(self, target: SumdbTarget, body: bytes) -> None:
        if target.module is None or target.version is None:
            raise AssertionError("a lookup is of a version")
        version = self._versions[target.module, target.version]
        try:
            record = parse_record(body)
        except LogError as e:
            raise BundleError(f"{target.url_path!r}: {e}") from None
        hashes = hashes_of(record.text, version.module, version.version)
        known = hashes.get(f"{version.version}/go.mod"), hashes.get(version.version)
        if known[0] != version.mod or (version.zip and known[1] != version.zip):
            raise BundleError(f"{version}: SECURITY: its files are not those that its record of the database is about")
        if record.tree_note != self._head:
            raise BundleError(f"{target.url_path!r} does not end with the tree head of the manifest")
        self.records.append((version, record))

    def _version(self, target: Target) -> BundledVersion:
        # Files of other versions were refused before, and of these kinds each version is canonical.
        return self._versions[target.path, Version(target.version)]


def _targets_of(manifest: BundleManifest, database: str | None) -> dict[str, Target | SumdbTarget]:
    """Return what each file is, after the names were compared with the versions. Raises `BundleError`."""
    wanted = expected_names(manifest)
    if database is not None:
        wanted |= {f"sumdb/{database}/{name}" for name in ("supported", "latest")}
    public = [v for v in manifest.versions if v.standing is Standing.PUBLIC]
    if public and database is None:
        raise BundleError(f"{public[0]} is public, and the bundle has no checksum database")
    wanted.update(lookup_target(database or "", v.module, v.version).url_path for v in public)
    found: dict[str, Target | SumdbTarget] = {}
    for file in manifest.files:
        target = found[file.name] = read_name(file.name, database)
        if file.name not in wanted and target.kind is not Kind.TILE:
            raise BundleError(f"file {file.name!r} belongs to no version of the manifest")
    for name in wanted:
        if name not in found:
            raise BundleError(f"the bundle lacks {name!r}, which a version of its manifest needs")
    return found


def part_of(file: BinaryIO, entry: Entry, *, owned: bool = False) -> BinaryIO:
    """Return an entry of a bundle as a file of its own. It moves the place where `file` is read next.

    `owned` says that `file` is closed with it.
    """
    return io.BufferedReader(_Part(file, entry, owned=owned))  # type: ignore[type-var]  # the stubs want attributes of files


class _Part(io.RawIOBase):
    """Reads one entry of a bundle as a file of its own."""

    def __init__(self, file: BinaryIO, entry: Entry, *, owned: bool) -> None:
        self._file, self._entry, self._at = file, entry, 0
        self._owned = owned

    def close(self) -> None:
        super().close()
        if self._owned:
            self._file.close()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._entry.size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # io's stubs name a wider type
        size = max(0, min(len(buffer), self._entry.size - self._at))
        self._file.seek(self._entry.offset + self._at)
        data = self._file.read(size)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _compare(name: str, digest: "hashlib._Hash", expected: BundledFile) -> None:
    if digest.digest() != expected.sha256:
        raise BundleError(f"{name!r} was changed: its SHA-256 is not the one that the manifest says")
