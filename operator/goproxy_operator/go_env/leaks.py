"""Which modules' names leave the company under given settings: to a proxy, or to a checksum database. Pure.

Source of the rules: "Private modules" of the Go Modules Reference.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from modproxy.mod.chain import ChainError, EntryKind, parse_chain
from modproxy.mod.pattern import Pattern, PatternError, first_match, parse_pattern

_PRIVATE_HOST = re.compile(
    r"(?:.*\.)?(?:corp|internal|intranet|local|lan|home|private|localdomain)(?:\.[a-z0-9.-]+)?", re.ASCII
)
"""Hosts whose names say that they are of one company or one house, such as git.corp.example.com."""
_MOST_PATTERNS = 4096


@dataclass(frozen=True, slots=True)
class Leak:
    """A module whose name others would learn."""

    module: str
    to: str
    """The URL of a proxy, without a login, or the name of a checksum database."""
    is_database: bool = False


def patterns_of(text: str) -> tuple[Pattern, ...]:
    """Read GOPRIVATE and its like. What is no pattern matches nothing, as in Go."""
    found = []
    for entry in text.split(",")[:_MOST_PATTERNS]:
        try:
            found.append(parse_pattern(entry.strip()))
        except PatternError:
            continue
    return tuple(found)


def looks_private(module: str) -> bool:
    """Say whether the host of a module path is by its name one of a company."""
    return _PRIVATE_HOST.fullmatch(module.partition("/")[0].partition(":")[0].lower()) is not None


def leaks(
    modules: Iterable[str], *, goproxy: str, gonoproxy: str, gosumdb: str, gonosumdb: str, fleet: str | None
) -> list[Leak]:
    """Return what others than `fleet` (the URL of a fleet) would be asked about these private modules."""
    try:
        chain = parse_chain(goproxy)
    except ChainError:
        chain = ()
    others = [one.url for one in chain if one.kind is EntryKind.PROXY and not same_place(one.url, fleet)]
    no_proxy, no_database = patterns_of(gonoproxy), patterns_of(gonosumdb)
    database = "" if gosumdb in ("", "off") else gosumdb.split(maxsplit=1)[0].partition("+")[0]
    found = []
    for module in modules:
        if not first_match(no_proxy, module):
            found += [Leak(module, url) for url in others]
        if database and not first_match(no_database, module):
            found.append(Leak(module, database, is_database=True))
    return found


def same_place(url: str, fleet: str | None) -> bool:
    """Say whether two URLs name one fleet."""
    return fleet is not None and url.rstrip("/").lower() == fleet.rstrip("/").lower()
