"""What the depot keeps of a version beside its files: claims, tombstones and verdicts, and under which keys. Pure.

A version has lives, numbered from 0. A claim begins a life, and a tombstone ends it: the tombstone N ends the life N-1.
The verdict N says what that life was, and `done` says that its files are removed.
"""

import hashlib
import json
import re
import time
from dataclasses import asdict, dataclass, replace
from typing import Any

from modproxy.bucket.depot import HOSTED
from modproxy.bucket.place import PRIVATE
from modproxy.bucket.record import ObjectRecord
from modproxy.mod.path import ModulePath, PathError, check_path, escape, unescape
from modproxy.mod.strict_json import read_object
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, VersionError, check_version
from modproxy.mod.vouching import CameFrom, voucher

LARGEST_CLAIM = 16 << 10
"""In bytes: a claim has some 700, and a name of a principal may be long."""
MOST_LIVES = 1000
"""Of one version: each needs a deletion by somebody who may delete."""
_LONGEST_NAME = 256
_CLAIMS, _DELETED, _RESTORED, _MIXED = (f"{PRIVATE}/{name}/" for name in ("claims", "deleted", "restored", "mixed"))
ALL_TOMBSTONES = _DELETED.rstrip("/")
ALL_MIXED = _MIXED.rstrip("/")
_TOMBSTONE = re.compile(r"([0-9]{1,6})\.json")
_MARK = "@hosted"


class ClaimError(ValueError):
    """The text in the depot is none that a replica has written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Says what the files of one life of a version are, and who published them."""

    size: int
    """Of the zip, in bytes."""
    sha256: str
    """Of the zip, in hexadecimal digits."""
    h1: str
    """The `h1:` hash of the zip."""
    mod_sha256: str
    mod_size: int
    info: str
    """The `.info`, exactly."""
    by: str
    """Who published it, by name; empty for nobody who has proved who he is."""
    at: float
    """When, in seconds since the epoch."""

    def record(self, kind: Kind) -> ObjectRecord:
        """Return what is kept with a file. Whoever carries on a publication makes the same record."""
        vouched = voucher(CameFrom.HOSTED)
        if kind is Kind.ZIP:
            return ObjectRecord(self.size, self.sha256, self.at, vouched, self.h1)
        if kind is Kind.MOD:
            return ObjectRecord(self.mod_size, self.mod_sha256, self.at, vouched)
        body = self.info.encode()
        return ObjectRecord(len(body), sha256_of(body), self.at, vouched)

    @property
    def told(self) -> str:
        """Says who published it when."""
        return told(self.by, self.at)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Says who deleted a version, and when."""

    by: str
    at: float

    @property
    def told(self) -> str:
        """Says who deleted it when."""
        return told(self.by, self.at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Says what a life was that has ended."""

    finished: bool
    """Whether anybody may have seen its files."""
    frozen: Claim | None
    """What the version has to be for ever; None while nobody has seen any content of it."""


def sha256_of(body: bytes) -> str:
    """Return the hash of a small file."""
    return hashlib.sha256(body).hexdigest()


def info_of(version: Version, at: float) -> str:
    """Write the `.info` of a version that is published at a time."""
    return json.dumps({"Version": version, "Time": stamp(at)}, separators=(",", ":"))


def stamp(at: float) -> str:
    """Write a time as RFC 3339 has it, in UTC and whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def told(by: str, at: float, *, named: bool = True) -> str:
    """Say who did something when."""
    return f"by {by} at {stamp(at)}" if by and named else f"at {stamp(at)}"


def base_of(path: ModulePath) -> str:
    """Return the folder of a module's versions, in URLs and keys."""
    return f"{escape(path)}/@v"


def claim_key(path: ModulePath, version: Version, life: int) -> str:
    """Return where the claim of a life is."""
    return f"{_CLAIMS}{base_of(path)}/{escape(version)}/{life}.json"


def tombstones_of(path: ModulePath, version: Version | None = None) -> str:
    """Return the folder of the tombstones of a version, or of all versions of a module."""
    base = f"{_DELETED}{base_of(path)}"
    return base if version is None else f"{base}/{escape(version)}"


def tombstone_key(path: ModulePath, version: Version, number: int) -> str:
    """Return where the tombstone is that ends the life before its number."""
    return f"{tombstones_of(path, version)}/{number}.json"


def verdict_key(path: ModulePath, version: Version, number: int) -> str:
    """Return where it is said what the life was that the tombstone has ended."""
    return f"{tombstones_of(path, version)}/{number}.verdict"


def done_key(path: ModulePath, version: Version, number: int) -> str:
    """Return where it is said that the files of the ended life are removed."""
    return f"{tombstones_of(path, version)}/{number}.done"


def restored_of(path: ModulePath) -> str:
    """Return the folder of the files of all lives of a module's versions but the first ones."""
    return f"{_RESTORED}{base_of(path)}"


def file_key(target: Target, life: int) -> str:
    """Return where a file of a life is. Each life has its own, so that what was meant for another life harms none."""
    if life == 0:
        return f"{HOSTED}{target.key}"
    return f"{restored_of(target.path)}/{life}/{target.key.rpartition('/')[2]}"


def mixed_key(path: ModulePath) -> str:
    """Return what marks a module of an upstream of which versions are published here too."""
    return f"{_MIXED}{escape(path)}/{_MARK}"


def mixed_path(key: str) -> ModulePath | None:
    """Return the module that a mark is for; None for another key."""
    if not key.startswith(_MIXED) or not key.endswith(f"/{_MARK}"):
        return None
    try:
        return check_path(unescape(key.removeprefix(_MIXED).removesuffix(f"/{_MARK}")))
    except PathError:
        return None


def buried(key: str) -> tuple[ModulePath, Version, int] | None:
    """Return the module, the version and the number of a tombstone; None for another key."""
    base, _, rest = key.removeprefix(_DELETED).partition("/@v/")
    version, _, name = rest.partition("/")
    number = _TOMBSTONE.fullmatch(name)
    if not key.startswith(_DELETED) or number is None:
        return None
    try:
        path = check_path(unescape(base))
        return path, check_version(path, unescape(version)), int(number[1])
    except (PathError, VersionError):
        return None


def write_claim(claim: Claim) -> bytes:
    """Write a claim, as `read_claim` reads it."""
    return json.dumps({"form": 1, **asdict(replace(claim, by=claim.by[:_LONGEST_NAME]))}).encode()


def read_claim(body: bytes) -> Claim:
    """Read a claim. Raises `ClaimError`."""
    return _claim(_object(body))


def write_tombstone(stone: Tombstone) -> bytes:
    """Write a tombstone, as `read_tombstone` reads it."""
    return json.dumps({"form": 1, "by": stone.by[:_LONGEST_NAME], "at": stone.at}).encode()


def read_tombstone(body: bytes) -> Tombstone:
    """Read a tombstone. Raises `ClaimError`."""
    found = _object(body)
    return Tombstone(_text(found, "by"), _number(found, "at"))


def write_verdict(verdict: Verdict) -> bytes:
    """Write a verdict, as `read_verdict` reads it."""
    frozen = asdict(verdict.frozen) if verdict.frozen is not None else None
    return json.dumps({"form": 1, "finished": verdict.finished, "frozen": frozen}).encode()


def read_verdict(body: bytes) -> Verdict:
    """Read a verdict. Raises `ClaimError`."""
    found = _object(body)
    frozen = found.get("frozen")
    if not isinstance(found.get("finished"), bool) or not isinstance(frozen, dict | None):
        raise ClaimError("it is no verdict")
    return Verdict(found["finished"], None if frozen is None else _claim(frozen))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = read_object(body)
    except ValueError as e:
        raise ClaimError(str(e)) from None
    if found.get("form") != 1:
        raise ClaimError("it has a form that this version does not know")
    return found


def _claim(found: dict[str, Any]) -> Claim:
    return Claim(
        size=int(_number(found, "size")),
        sha256=_text(found, "sha256"),
        h1=_text(found, "h1"),
        mod_sha256=_text(found, "mod_sha256"),
        mod_size=int(_number(found, "mod_size")),
        info=_text(found, "info"),
        by=_text(found, "by"),
        at=_number(found, "at"),
    )


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise ClaimError(f"{name} is no text")
    return value


def _number(found: dict[str, Any], name: str) -> float:
    value = found.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e13:
        raise ClaimError(f"{name} is no number that it can be")
    return value
