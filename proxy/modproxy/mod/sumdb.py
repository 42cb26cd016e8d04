"""Checksum databases: the syntax of GOSUMDB, and the URL paths below `/sumdb/`.

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
from modproxy.mod.version import Version, VersionError, check_version, is_canonical

DEFAULT_GOSUMDB = "sum.golang.org"
"""The default of the go command."""
_KNOWN = {DEFAULT_GOSUMDB: "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}
"""The keys of databases that the go command knows by itself (`knownGOSUMDB` of cmd/go/internal/modfetch)."""
_ALIASES = {"sum.golang.google.cn": (DEFAULT_GOSUMDB, "https://sum.golang.google.cn")}
_TILE = re.compile(r"tile/[0-9]{1,2}/(?:data|[0-9]{1,2})/(?:x[0-9]{3}/){0,5}[0-9]{3}(?:\.p/[0-9]{1,3})?", re.ASCII)
_PREFIX = "sumdb/"


class SumdbError(ValueError):
    """The text is no value of GOSUMDB; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Database:
    """Names a checksum database, and how to reach and verify it."""

    key: VerifierKey
    url: str
    """The database's own server, which is asked when no upstream proxy serves the database."""

    @property
    def name(self) -> str:
        """The name of the database in its signatures and in URL paths."""
        return self.key.name


def parse_gosumdb(text: str) -> Database | None:
    """Read `NAME`, `NAME+KEY` or `NAME+KEY URL`. Returns None for `off`. Raises `SumdbError`."""
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
    """Names one answer of a checksum database."""

    database: str
    path: str
    """The URL path below the database's URL."""
    kind: Kind
    module: ModulePath | None = None
    """The module of a lookup; None for the other kinds."""
    version: Version | None = None
    """The version of a lookup; None for the other kinds."""

    @property
    def key(self) -> str:
        """The canonical URL path, which is also the file's path below the cache directory."""
        return f"{_PREFIX}{self.database}/{self.path}"

    @property
    def immutable(self) -> bool:
        """Whether the answer can never change: true for tiles and records, false for the newest tree head."""
        return self.kind is not Kind.TREE

    def __str__(self) -> str:
        return f"{self.database}/{self.path}"


def lookup_target(database: str, module: ModulePath, version: Version) -> SumdbTarget:
    """Return the target of the record of a module's version."""
    return SumdbTarget(database, f"lookup/{escape(module)}@{escape(version)}", Kind.LOOKUP, module, version)


def tile_target(database: str, path: str) -> SumdbTarget:
    """Return the target of a tile, by the tile's path."""
    return SumdbTarget(database, path, Kind.TILE)


def is_sumdb_path(path: str) -> bool:
    """Say whether a decoded URL path is the path of a checksum database's answer."""
    return path.startswith(_PREFIX)


def is_lookup_of(target: SumdbTarget, patterns: Sequence[Pattern]) -> bool:
    """Say whether the target is a lookup of a module that one of the patterns matches."""
    return target.module is not None and first_match(patterns, target.module) is not None


def parse_sumdb_target(path: str, database: str | None) -> SumdbTarget | None:
    """Read a decoded URL path below `sumdb/` for the one database that is served.

    Returns None for `supported`, which is answered without a source. Raises `NoSuchTarget` for another database,
    which the client then asks directly, and `TargetError` for a malformed path.
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
        module, version = check_path(unescape(escaped_module)), unescape(escaped_version)
        return lookup_target(name, module, check_version(module, version))
    except PathError as e:
        raise TargetError(str(e)) from None
    except VersionError as e:
        # A record of a canonical version that the path cannot have is absent, and its request is well-formed.
        raise (NoSuchTarget if is_canonical(version) else TargetError)(str(e)) from None


def hashes_of(text: bytes, module: ModulePath, version: Version) -> dict[str, str]:
    """Return the `h1:` hashes of a record: the zip's under VERSION, and the go.mod file's under VERSION/go.mod."""
    found = {}
    for line in text.decode(errors="replace").splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[0] == module and words[1] in (version, f"{version}/go.mod"):
            found[words[1]] = words[2]
    return found
