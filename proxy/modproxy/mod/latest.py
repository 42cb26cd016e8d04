"""The newest version of a list, for an upstream that has no `@latest`. Pure.

Source of the rules: `latestFromList` of cmd/go/internal/modfetch, which takes the pseudo-versions of a list too, and
times that a list may have after its versions.
"""

import datetime
import re
from collections.abc import Collection

from modproxy.mod.gotime import is_go_time
from modproxy.mod.version import is_pseudo, parse_semver

_STAMP = re.compile(r"([0-9]{14})-[A-Za-z0-9]+(?:\+.*)?$", re.ASCII)


def latest_of(body: bytes) -> str | None:
    """Return the version of an upstream's list with the newest time. Of versions without a time, return the highest,
    and a pre-release only when there is nothing else. Returns None for a list without versions.
    """
    timed: list[tuple[str, str]] = []
    tagged: list[str] = []
    for line in body.decode(errors="replace").split("\n"):
        words = line.split()
        if not words or parse_semver(words[0]) is None:
            continue
        moment = _moment(words)
        if moment is None:
            tagged.append(words[0])
        else:
            timed.append((moment, words[0]))
    if timed:
        newest = max(moment for moment, _ in timed)
        return next(version for moment, version in timed if moment == newest)
    return max(tagged, key=rank, default=None)


def highest_of(versions: Collection[str]) -> str | None:
    """Return the version that the go command takes for the latest of these: the highest release, else the highest
    pre-release, else the newest pseudo-version; None without any.
    """
    tagged = [version for version in versions if not is_pseudo(version)]
    if tagged:
        return max(tagged, key=rank)
    return max(versions, key=lambda version: _moment([version]) or "", default=None)


def _moment(words: list[str]) -> str | None:
    """Return a text that is greater for a later time: the time of the line, or the time of a pseudo-version."""
    if len(words) > 1 and is_go_time(words[1]):
        try:
            moment = datetime.datetime.fromisoformat(words[1].replace(",", "."))
            return f"{moment.astimezone(datetime.UTC):%Y%m%d%H%M%S.%f}"
        except (ValueError, OverflowError):
            return None
    stamp = _STAMP.search(words[0]) if is_pseudo(words[0]) else None
    return f"{stamp[1]}.000000" if stamp else None


def rank(version: str) -> tuple[bool, tuple[tuple[int, str], ...], bool, list[tuple[bool, int, str]]]:
    """Return what orders versions as `semver.Compare` does, but every release after every pre-release, and after
    `+incompatible`.
    """
    parsed = parse_semver(version)
    if parsed is None:
        raise AssertionError("only versions are ordered")
    core = version.partition("-")[0].partition("+")[0]
    # A number without leading zeros is larger when it is longer. It may have more digits than Python converts.
    numbers = tuple((len(number), number) for number in core[1:].split("."))
    parts = [
        (not part.isdigit(), len(part) if part.isdigit() else 0, part)
        for part in parsed.prerelease.removeprefix("-").split(".")
    ]
    return not parsed.prerelease, numbers, not parsed.build, parts
