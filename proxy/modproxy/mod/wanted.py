"""The files that a build needs, by its go.mod or its go.sum. Pure."""

from dataclasses import dataclass

from modproxy.mod.go_mod import parse_go_mod
from modproxy.mod.go_sum import looks_like_go_sum, parse_go_sum
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind
from modproxy.mod.version import Version

MOST_VERSIONS = 10_000
"""Versions of one file: the largest builds have a few thousand."""
WHOLE = (Kind.INFO, Kind.MOD, Kind.ZIP)


class WantedError(ValueError):
    """The text names no modules; the message says what is wrong, and in which line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names the files of one version, with the hashes that they must have."""

    path: ModulePath
    version: Version
    kinds: tuple[Kind, ...] = WHOLE
    mod_hash: str = ""
    """An `h1:` hash; empty where any content is taken."""
    zip_hash: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Names a module that is not fetched, and why."""

    path: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class WantedList:
    """Carries what a file names."""

    source: str
    """`go.mod` or `go.sum`."""
    wanted: tuple[Wanted, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def files(self) -> int:
        """The number of files."""
        return sum(len(one.kinds) for one in self.wanted)


def read_wanted(body: bytes) -> WantedList:
    """Read a go.mod or a go.sum file, told apart by their content. Raises `WantedError`."""
    try:
        text = body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        raise WantedError("the body is no UTF-8 text: send a go.mod or a go.sum file") from None
    if not text.strip():
        raise WantedError("the body is empty: send a go.mod or a go.sum file")
    try:
        found = _of_go_sum(text) if looks_like_go_sum(text) else _of_go_mod(text)
    except ValueError as e:
        raise WantedError(str(e)) from None
    if len(found.wanted) > MOST_VERSIONS:
        raise WantedError(f"it names {len(found.wanted)} versions, and {MOST_VERSIONS} is the most: send it in parts")
    return found


def _of_go_sum(text: str) -> WantedList:
    wanted = (
        Wanted(one.path, one.version, WHOLE if one.zip_hash else (Kind.MOD,), one.mod_hash, one.zip_hash)
        for one in parse_go_sum(text)
    )
    return WantedList("go.sum", tuple(wanted))


def _of_go_mod(text: str) -> WantedList:
    try:
        found = parse_go_mod(text)
    except ValueError as e:
        raise WantedError(f"{e} (the body is read as a go.mod file)") from None
    wanted: dict[Wanted, None] = {}
    skipped: list[Skipped] = []
    for one in found.required:
        replaced = found.replacement(one)
        if (one.path, one.version) in found.excluded:
            skipped.append(Skipped(one.path, one.version, "an exclude directive names this version"))
        elif replaced is None:
            wanted[Wanted(one.path, one.version)] = None
        elif replaced.by is None or replaced.by_version is None:
            skipped.append(Skipped(one.path, one.version, "a replace directive takes a folder instead"))
        else:
            wanted[Wanted(replaced.by, replaced.by_version)] = None
    return WantedList("go.mod", tuple(wanted), tuple(skipped))
