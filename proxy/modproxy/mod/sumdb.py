"""Checksum databases: GOSUMDB's syntax, and the URL paths below `/sumdb/`.

Source of the rules: "Checksum database" of the Go Modules Reference, and `dbDial` of cmd/go/internal/modfetch.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from modproxy.mod.note import NoteError, VerifierKey, parse_verifier_key
from modproxy.mod.path import ModulePath, PathError, check_path, escape, unescape
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.target import Kind, NoSuchTarget, TargetError
from modproxy.mod.version import Version, VersionError, check_version

DEFAULT_GOSUMDB = "sum.golang.org"
"""The go command's own default."""
_KNOWN = {DEFAULT_GOSUMDB: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}
"""Databases whose key the go command knows by itself."""
_ALIASES = {"sum.golang.google.cn": (DEFAULT_GOSUMDB, "https://sum.golang.google.cn")}
_TILE = re.compile(r"tile/[0-9]{1,2}/(?:data|[0-9]{1,2})/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[0-9]{1,3})?", re.ASCII)
_PREFIX = "sumdb/"


class SumdbError(ValueError):
    """The text is no GOSUMDB value; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Database:
    """A checksum database: its key, and where it is asked if upstream proxies do not serve it."""

    key: VerifierKey
    url: str

    @property
    def name(self) -> str:
        """The name it signs with, and the one in URL paths."""
        return self.key.name


def parse_gosumdb(text: str) -> Database | None:
    """Read `NAME`, `NAME+KEY` or `NAME+KEY URL`; None for `off`. Raises `SumdbError`."""
    if text == "off":
        return None
    words = text.split()
    if not words or len(words) > 2:
        raise SumdbError(f"{text!r} is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or off")
    name, url = words[0], words[1] if len(words) == 2 else ""
    if name in _ALIASES:
        name, alias_url = _ALIASES[name]
        url = url or alias_url
    key_text = name if "+" in name else _KNOWN.get(name)
    if key_text is None:
        raise SumdbError(f"the key of {name!r} is not known: write NAME+HASH+KEY as the database publishes it, or off")
    try:
        key = parse_verifier_key(key_text)
    except NoteError as e:
        raise SumdbError(str(e)) from None
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise SumdbError(f"{url!r} is no URL of a checksum database: write it with https:// or http://")
    return Database(key, (url or f"https://{key.name}").rstrip("/"))


@dataclass(frozen=True, slots=True)
class SumdbTarget:
    """One answer of a checksum database. `path` is what follows its URL; for a lookup, the module and version asked for
    are told too.
    """

    database: str
    path: str
    kind: Kind
    module: ModulePath | None = None
    version: Version | None = None

    @property
    def key(self) -> str:
        """The canonical URL path, which is also the path on disk."""
        return f"{_PREFIX}{self.database}/{self.path}"

    @property
    def immutable(self) -> bool:
        """Tiles and records never change; the newest tree head does."""
        return self.kind is not Kind.TREE

    def __str__(self) -> str:
        return f"{self.database}/{self.path}"


def lookup_target(database: str, module: ModulePath, version: Version) -> SumdbTarget:
    """Name the record of a module's version."""
    return SumdbTarget(database, f"lookup/{escape(module)}@{escape(version)}", Kind.LOOKUP, module, version)


def tile_target(database: str, path: str) -> SumdbTarget:
    """Name a tile by its path."""
    return SumdbTarget(database, path, Kind.TILE)


def is_sumdb_path(path: str) -> bool:
    """Say whether a decoded URL path is one of a checksum database's."""
    return path.startswith(_PREFIX)


def is_lookup_of(target: SumdbTarget, patterns: Sequence[Pattern]) -> bool:
    """Say whether a lookup names a module that matches: a private name must not leave."""
    return target.module is not None and first_match(patterns, target.module) is not None


def parse_sumdb_target(path: str, database: str | None) -> SumdbTarget | None:
    """Read a decoded URL path below `sumdb/` for the one database that is served.

    None stands for `supported`, which is answered without asking anybody. Raises `NoSuchTarget` for another database,
    so that the client asks it itself, and `TargetError` for what is malformed.
    """
    name, _, rest = path.removeprefix(_PREFIX).partition("/")
    if name != database:
        raise NoSuchTarget(f"checksum database {name!r} is not served here: the go command asks it itself")
    if rest == "supported":
        return None
    if rest == "latest":
        return SumdbTarget(name, rest, Kind.TREE)
    if _TILE.fullmatch(rest):
        return tile_target(name, rest)
    verb, _, subject = rest.partition("/")
    if verb != "lookup":
        raise NoSuchTarget(f"{path!r} is nothing a checksum database serves: supported, latest, lookup/, tile/")
    escaped_module, at, escaped_version = subject.rpartition("@")
    if not at:
        raise TargetError(f"malformed lookup {subject!r}: write MODULE@VERSION")
    try:
        module = check_path(unescape(escaped_module))
        return lookup_target(name, module, check_version(module, unescape(escaped_version)))
    except (PathError, VersionError) as e:
        raise TargetError(str(e)) from None


def hashes_of(text: bytes, module: ModulePath, version: Version) -> dict[str, str]:
    """Return the `h1:` hashes in a record, by what they are of: the version for the zip, VERSION/go.mod for go.mod."""
    found = {}
    for line in text.decode(errors="replace").splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[0] == module and words[1] in (version, f"{version}/go.mod"):
            found[words[1]] = words[2]
    return found
