"""Ranges of versions as the Go vulnerability database writes them, and the order of semantic versions. Pure.

Source of the rules: `Affects` of golang.org/x/vuln/internal/semver for ranges, and `Compare` of golang.org/x/mod/semver
for the order.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

SEMVER = "SEMVER"
"""The type of the ranges that are understood."""
BEGINNING = "0"
"""As `introduced`: before every version."""
_REMEMBERED = 4096
"""Versions: the bounds of one module's ranges are compared with many versions of the module."""
_LONGEST = 256
"""In characters: module versions have at most 200, and longer texts of a database count as no versions."""
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"(?:v|go)?(?P<major>{_NUMBER})(?:\.(?P<minor>{_NUMBER})(?:\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<prerelease>{_PRERELEASE_PART}(?:\.{_PRERELEASE_PART})*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)?)?",
    re.ASCII,
)
_GO_VERSION = re.compile(rf"({_NUMBER}\.{_NUMBER})(\.{_NUMBER})?(?:(rc|beta|alpha)({_NUMBER}))?", re.ASCII)
_TOOLCHAIN = re.compile(r"v0\.0\.1-go([0-9A-Za-z.]+?)\.[a-z0-9]+-[a-z0-9]+", re.ASCII)

Order = tuple[tuple[tuple[int, str], ...], bool, tuple[tuple[bool, int, str], ...]]
"""Compares as its version does."""
_INVALID: Order = (), False, ()
"""A text that is no version comes before all versions, as in `semver.Compare`."""


class Event(NamedTuple):
    """A bound of a range: one of the two is empty."""

    introduced: str
    """The first version that is affected; `0` for all from the beginning."""
    fixed: str
    """The first version that is not affected any more."""


class Range(NamedTuple):
    """A range of affected versions."""

    type: str
    events: tuple[Event, ...]


@lru_cache(_REMEMBERED)
def order_of(version: str) -> Order:
    """Return a key that orders versions as `semver.Compare` does. The prefixes `v` and `go` mean nothing.

    Build metadata, such as `+incompatible`, is ignored.
    """
    found = _VERSION.fullmatch(version) if len(version) <= _LONGEST else None
    if found is None:
        return _INVALID
    # A number without leading zeros is larger when it is longer. It may have more digits than Python converts.
    numbers = tuple((len(n), n) for n in (found["major"], found["minor"] or "0", found["patch"] or "0"))
    prerelease = found["prerelease"] or ""
    parts = tuple(
        (not part.isdigit(), len(part) if part.isdigit() else 0, part) for part in prerelease.split(".") if part
    )
    return numbers, not prerelease, parts


def affected(ranges: Sequence[Range], version: str) -> bool:
    """Say whether a version is in one of the ranges. Without any range that is understood, every version is."""
    understood = [range_ for range_ in ranges if range_.type == SEMVER]
    return not understood or any(_contains(range_.events, version) for range_ in understood)


def _contains(events: Sequence[Event], version: str) -> bool:
    if not events:
        return True
    at, within = order_of(version), False
    for introduced, fixed in sorted(events, key=_place):
        if not within and introduced:
            within = introduced == BEGINNING or at >= order_of(introduced)
        elif within and fixed:
            within = at < order_of(fixed)
    return within


def _place(event: Event) -> tuple[bool, Order]:
    return event.introduced != BEGINNING, order_of(event.fixed or event.introduced)


def fixes_above(ranges: Sequence[Range], version: str) -> list[str]:
    """Return the bounds of the ranges at which they end, above a version, the lowest first."""
    at = order_of(version)
    fixes = {event.fixed for range_ in ranges if range_.type == SEMVER for event in range_.events if event.fixed}
    return sorted((fix for fix in fixes if order_of(fix) > at), key=order_of)


def semver_of_toolchain(version: str) -> str | None:
    """Return the Go version of a version of golang.org/toolchain as the database writes it: `1.21.0-rc.2` for
    `v0.0.1-go1.21rc2.linux-amd64`. Returns None for another version.

    Source of the rule: `GoTagToSemver` of golang.org/x/vuln/internal/semver.
    """
    found = _TOOLCHAIN.fullmatch(version)
    parts = _GO_VERSION.fullmatch(found[1]) if found else None
    if parts is None:
        return None
    release = parts[1] + (parts[2] or ".0")
    return f"{release}-{parts[3]}.{parts[4]}" if parts[3] else release
