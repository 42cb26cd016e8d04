"""Which fleets or proxies there are to choose from: a file with one a line, and a variable that picks one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from goproxy_operator.client.arguments import fleet_url

VARIABLE = "GOPROXY_FLEET"
"""The environment variable that picks an entry of the file by its name, such as the network that a laptop is in."""
MOST = 16
"""Entries of the file: all of them are probed at once."""


class CandidatesError(ValueError):
    """The file, or the variable, names no fleet; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One fleet, or one other module proxy."""

    url: str
    name: str = ""


def parse_candidates(text: str) -> list[Candidate]:
    """Read lines of a name and a URL. Blank lines, and what is after `#`, are ignored. Raises `CandidatesError`."""
    found: dict[str, Candidate] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise CandidatesError(f"line {number}: write a name and a URL, such as: office https://goproxy.example.com")
        name, written = words
        if name in found:
            raise CandidatesError(f"line {number}: the name {name!r} is there twice")
        found[name] = Candidate(_url(written, f"line {number}: "), name)
    if not found or len(found) > MOST:
        raise CandidatesError(f"it has {len(found)} fleets: write 1 to {MOST}, one a line")
    return list(found.values())


def picked(candidates: Sequence[Candidate], variable: str) -> list[Candidate]:
    """Return the candidates that the variable leaves: the entry of that name, a URL, or all where it is empty.

    Raises `CandidatesError`.
    """
    if not variable:
        return list(candidates)
    if "://" in variable:
        return [Candidate(_url(variable, f"{VARIABLE}: "))]
    there = [one for one in candidates if one.name == variable]
    if not there:
        names = ", ".join(one.name for one in candidates if one.name) or "no name at all"
        raise CandidatesError(f"{VARIABLE}={variable!r} is no name of the file, which has {names}")
    return there


def _url(text: str, where: str) -> str:
    try:
        read = fleet_url(text)
    except Exception as e:
        raise CandidatesError(f"{where}{e}") from None
    if read.login is not None:
        raise CandidatesError(f"{where}the URL has a login: take it out, and use a netrc file or GOAUTH")
    return read.url
