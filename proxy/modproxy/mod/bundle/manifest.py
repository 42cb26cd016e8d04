"""The manifest of a bundle: what each module version is, and the size and hash of each file. Pure.

It is JSON, a line a thing, so that a large one is read line by line. Each line is in canonical form, and the last one
has the hash of those before it. It is no signature: whoever may change the file can make a new one.
"""

import binascii
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, NamedTuple

from modproxy.mod.bundle.archive_format import LONGEST_NAME, BundleError
from modproxy.mod.gotime import is_go_time
from modproxy.mod.path import ModulePath, PathError, check_path
from modproxy.mod.strict_json import read_object
from modproxy.mod.version import Version, VersionError, check_version

MANIFEST = "bundle.ndjson"
"""The name of the first entry. No module path begins so, because a path of a module goes on behind its first dot."""
FORM = 1
MOST_FILES = 200_000
"""A replica holds some 300 bytes of each in memory while it takes a bundle in: 60 MiB. It is 50,000 versions."""
MOST_HEADS = 5000
"""Earlier tree heads: one bundle a day for 13 years."""
LARGEST_MANIFEST = 160 << 20
_LONGEST_LINE = 4 << 20
"""In bytes: the first line names each tile of records that the bundles so far have, by some 8 bytes."""
_HASH_DIGITS = 64


class Standing(StrEnum):
    """Says who vouches for a version."""

    PUBLIC = "public"
    """The checksum database, whose record is in the bundle."""
    PRIVATE = "private"
    """Nobody: the database does not know it. Whoever imports it answers for it."""
    HOSTED = "hosted"
    """It was published to the fleet that it was exported from."""


class BundledFile(NamedTuple):
    """Says what a file of the bundle has to be."""

    name: str
    size: int
    sha256: bytes


class BundledVersion(NamedTuple):
    """Says what is known of a module version in the bundle."""

    module: ModulePath
    version: Version
    standing: Standing
    mod: str
    """The `h1:` hash of its go.mod file."""
    zip: str = ""
    """The `h1:` hash of its zip; empty where the bundle has its go.mod file only."""
    published: str = ""
    """When a hosted version was published (RFC 3339); empty for others, and where it is not known."""

    def __str__(self) -> str:
        return f"{self.module}@{self.version}"


@dataclass(frozen=True, slots=True)
class BundledLog:
    """Says of the checksum database's log what the bundle carries it on from."""

    database: str
    """Names the database and its key, as `Database.id` does."""
    head: str
    """The signed note of the newest tree head, in which every record of the bundle is proved."""
    tiles: tuple[int, ...] = ()
    """The lowest tiles with the records of this bundle and of those before it, by number, ascending."""
    before: tuple[int, ...] = ()
    """The sizes of the trees of the bundles before this one, ascending. The last one is the one that it follows."""

    @property
    def name(self) -> str:
        """The name of the database."""
        return self.database.rpartition("+")[0]


@dataclass(frozen=True, slots=True)
class BundleManifest:
    """Says what a bundle has."""

    exported: str
    """When the bundle was made (RFC 3339)."""
    log: BundledLog | None
    """None for a bundle without a record of a checksum database."""
    versions: Sequence[BundledVersion]
    """Ascending by path and version."""
    files: Sequence[BundledFile]
    """Ascending by name."""

    def write(self) -> bytes:
        """Return the manifest as it stands in the bundle."""
        lines = bytearray()
        for line in self._lines():
            lines += _line(line)
        return bytes(lines) + _line({"check": hashlib.sha256(lines).hexdigest()})

    def _lines(self) -> Iterator[dict[str, Any]]:
        head: dict[str, Any] = {"bundle": FORM, "exported": self.exported, "versions": len(self.versions)}
        if self.log is not None:
            log = self.log
            head["log"] = {"before": log.before, "database": log.database, "head": log.head, "tiles": log.tiles}
        yield head
        for version in self.versions:
            known = {name: value for name, value in version._asdict().items() if value}
            yield known
        for file in self.files:
            yield {"file": file.name, "sha256": file.sha256.hex(), "size": file.size}


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def read_manifest(file: BinaryIO, size: int) -> BundleManifest:
    """Read the manifest, which is the next `size` bytes of the file. Raises `BundleError`."""
    if size > LARGEST_MANIFEST:
        raise BundleError(f"the manifest has {size} bytes, more than the {LARGEST_MANIFEST} that one may have")
    lines = _Lines(file, size)
    try:
        head = lines.next()
        count, exported = head.pop("versions"), head.pop("exported")
        if head.pop("bundle") != FORM:
            raise BundleError("this bundle has another form than this program reads: use a newer version of it")
        log = _log(head.pop("log")) if "log" in head else None
        if head or type(count) is not int or not 0 <= count <= MOST_FILES or not is_go_time(exported):
            raise BundleError("the first line of the manifest is malformed")
        versions = [_version(lines.next()) for _ in range(count)]
        files: list[BundledFile] = []
        while "check" not in (line := lines.next()):
            files.append(_file(line))
            if len(files) > MOST_FILES:
                raise BundleError(f"the bundle has more than {MOST_FILES} files: export it in parts, by --since")
    except (KeyError, TypeError, AttributeError):
        raise BundleError("the manifest has a malformed line") from None
    if line != {"check": lines.before} or lines.left:
        raise BundleError("the manifest was changed: its hash is another one than its last line says")
    _ascending([(v.module, v.version) for v in versions], "versions")
    _ascending([f.name for f in files], "files")
    return BundleManifest(exported, log, versions, files)


class _Lines:
    """Reads lines, each in canonical form."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.left = size
        self._digest = hashlib.sha256()
        self.before = ""
        """The hash of all lines before the last one, in hexadecimal digits."""

    def next(self) -> dict[str, Any]:
        line = self._file.readline(min(self.left, _LONGEST_LINE))
        self.left -= len(line)
        try:
            value = read_object(line)
        except ValueError:
            raise BundleError("the manifest has a line that is no JSON object: it was cut or changed") from None
        if _line(value) != line:
            raise BundleError("the manifest has a line that is not as a bundle has it: it was changed")
        self.before = self._digest.hexdigest()
        self._digest.update(line)
        return value


def _log(value: dict[str, Any]) -> BundledLog:
    tiles, before = tuple(value.pop("tiles")), tuple(value.pop("before"))
    log = BundledLog(value.pop("database"), value.pop("head"), tiles, before)
    numbers = [*tiles, *before]
    texts = all(isinstance(text, str) and _is_unicode(text) for text in (log.database, log.head))
    if value or not texts or "+" not in log.database or len(log.database) > LONGEST_NAME:
        raise BundleError("the manifest's line about the checksum database is malformed")
    if len(before) > MOST_HEADS or any(type(n) is not int or not 0 <= n < 1 << 60 for n in numbers):
        raise BundleError("the manifest's line about the checksum database has malformed numbers")
    _ascending(tiles, "tiles")
    _ascending(before, "tree heads")
    return log


def _is_unicode(text: str) -> bool:
    # JSON may name one half of a pair of surrogates.
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _version(value: dict[str, Any]) -> BundledVersion:
    module_text, version_text = value.pop("module"), value.pop("version")
    try:
        module = check_path(module_text)
        version = check_version(module, version_text)
        standing = Standing(value.pop("standing"))
    except (PathError, VersionError, ValueError) as e:
        raise BundleError(f"the manifest names no lawful module version: {e}") from None
    found = BundledVersion(
        module, version, standing, value.pop("mod"), value.pop("zip", ""), value.pop("published", "")
    )
    hashes = found.mod.startswith("h1:") and (not found.zip or found.zip.startswith("h1:"))
    dated = not found.published or (standing is Standing.HOSTED and is_go_time(found.published))
    if value or not hashes or not dated:
        raise BundleError(f"the manifest's line of {found} is malformed")
    return found


def _file(value: dict[str, Any]) -> BundledFile:
    name, size, digest = value.pop("file"), value.pop("size"), value.pop("sha256")
    if value or type(size) is not int or size < 0 or len(digest) != _HASH_DIGITS or not 0 < len(name) <= LONGEST_NAME:
        raise BundleError("the manifest has a malformed line of a file")
    try:
        return BundledFile(name, size, bytes.fromhex(digest))
    except (ValueError, binascii.Error):
        raise BundleError("the manifest has a malformed line of a file") from None


def _ascending(values: Sequence[Any], what: str) -> None:
    if any(not before < after for before, after in itertools.pairwise(values)):
        raise BundleError(f"the {what} of the manifest are not in order, or one comes twice")
