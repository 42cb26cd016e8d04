"""Checksum databases: the syntax of GOSUMDB, and the URL paths below `/sumdb/`.

Source of the rules: "Checksum database" of the Go Modules Reference, and `dbDial` of cmd/go/internal/modfetch.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from modproxy.mod.login import UrlLogin, is_authority, split_login
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
_NAME = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
"""A host, and a path below it, as `dbDial` of the go command wants it."""
_LONGEST_NAME = 200
"""Characters of a name: host names have at most 253, and the name is a part of URLs."""
_NAME_AS_FOLDER = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
"""A name that is a folder's name as it is, on file systems that ignore case too."""


class SumdbError(ValueError):
    """The text is no value of GOSUMDB; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Database:
    """Names a checksum database, and how to reach and verify it."""

    key: VerifierKey
    url: str
    """The database's own server, without a login."""
    login: UrlLogin | None = None
    """What the URL has before an `@`."""
    explicit: bool = False
    """Whether the setting names the URL. Then no upstream proxy is asked for the database."""

    @property
    def name(self) -> str:
        """The name of the database in its signatures and in URL paths."""
        return self.key.name

    @property
    def id(self) -> str:
        """Names the database and its key: databases of one name and different keys are different."""
        return f"{self.key.name}+{self.key.key_hash:08x}"


def parse_gosumdb(text: str) -> Database | None:
    """Read `NAME`, `NAME+KEY` or `NAME+KEY URL`. Returns None for `off`. Raises `SumdbError`."""
    if text == "off":
        return None
    shown = "the text" if "@" in text else repr(text)
    words = text.split()
    if not words or len(words) > 2:
        raise SumdbError(f"{shown} is no checksum database: write NAME, NAME+HASH+KEY, NAME+HASH+KEY URL, or off")
    name, url = words[0], words[1] if len(words) == 2 else ""
    if name in _ALIASES:
        name, alias_url = _ALIASES[name]
        url = url or alias_url
    key_text = name if "+" in name else _KNOWN.get(name)
    if key_text is None:
        raise SumdbError(f"the key of {shown} is not known: write NAME+HASH+KEY as the database publishes it, or off")
    try:
        key = parse_verifier_key(key_text)
    except NoteError as e:
        raise SumdbError(str(e)) from None
    if not _NAME.fullmatch(key.name) or len(key.name) > _LONGEST_NAME:
        raise SumdbError(f"{key.name!r} is no name of a checksum database: it is HOST or HOST/PATH")
    bare, login = split_login(url)
    if url and not _is_http_url(bare):
        raise SumdbError(f"{shown} has no URL of a checksum database: write it with https:// or http://")
    return Database(key, (bare or f"https://{key.name}").rstrip("/"), login, explicit=bool(url))


def _is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    whole = not parts.query and not parts.fragment and "@" not in parts.path
    return parts.scheme in ("http", "https") and is_authority(parts.netloc) and whole


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
        """The file's path below the cache directory. The database's name is one folder in it, whatever the name is."""
        return f"{_PREFIX}{database_folder(self.database)}/{self.path}"

    @property
    def url_path(self) -> str:
        """The URL path below a module proxy's URL."""
        return f"{_PREFIX}{self.database}/{self.path}"

    @property
    def immutable(self) -> bool:
        """Whether the answer can never change: true for tiles and records, false for the newest tree head."""
        return self.kind is not Kind.TREE

    def __str__(self) -> str:
        return f"{self.database}/{self.path}"


@lru_cache(maxsize=16)
def database_folder(name: str) -> str:
    """Return the name of a folder for a database: its own name, or a hash where that is no folder's name."""
    if _NAME_AS_FOLDER.fullmatch(name) and ".." not in name and not name.endswith("."):
        return name
    return f"_{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def lookup_target(database: str, module: ModulePath, version: Version) -> SumdbTarget:
    """Return the target of the record of a module's version."""
    return SumdbTarget(database, f"lookup/{escape(module)}@{escape(version)}", Kind.LOOKUP, module, version)


def tile_target(database: str, path: str) -> SumdbTarget:
    """Return the target of a tile, by the tile's path."""
    return SumdbTarget(database, path, Kind.TILE)


def supported_target(database: str) -> SumdbTarget:
    """Return the target of the question whether a server serves the database."""
    return SumdbTarget(database, "supported", Kind.TREE)


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
    below = path.removeprefix(_PREFIX)
    if database is None or not below.startswith(f"{database}/"):
        name = below.partition("/")[0]
        raise NoSuchTarget(f"checksum database {name!r} is not served here: the go command asks it itself")
    name, rest = database, below.removeprefix(f"{database}/")
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
    """Return the `h1:` hashes of a record: the zip's under VERSION, and the go.mod file's under VERSION/go.mod.

    Of two hashes the first counts, as in `checkSumDB` of cmd/go/internal/modfetch.
    """
    found: dict[str, str] = {}
    for line in text.decode(errors="replace").split("\n"):
        words = line.split(" ")
        if len(words) == 3 and words[0] == module and words[1] in (version, f"{version}/go.mod"):
            found.setdefault(words[1], words[2])
    return found
