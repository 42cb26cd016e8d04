"""The Via header: it names the proxies that a request has passed, so that a loop is noticed. Pure.

Source of the syntax: RFC 9110, section 7.6.3. A modproxy writes the entry `1.1 modproxy-FLEET~REPLICA`. FLEET never
contains `~`, because the config's `id` cannot. Older replicas write `1.1 modproxy-FLEET`, without a replica: such an
entry counts as another replica of the fleet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_PROTOCOL = "1.1"
_PREFIX = "modproxy-"
_SEPARATOR = "~"
_MOST_ENTRIES = 16
"""How many entries are kept: lawful chains have two or three proxies."""
_LONGEST_ENTRY = 256
"""Characters of an entry: the names of a fleet and of a replica have at most 128 and 8."""
_LONGEST = _MOST_ENTRIES * _LONGEST_ENTRY
_LAWFUL = re.compile(r"[\t\x20-\x7e]+")
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ViaEntry:
    """Names one replica of one fleet in the Via header, and recognises it there."""

    fleet: str
    replica: str

    def __str__(self) -> str:
        return f"{_PROTOCOL} {_PREFIX}{self.fleet}{_SEPARATOR}{self.replica}"

    def appended_to(self, header: str) -> str:
        """Return the header for a request that this replica sends on. Entries that are no ASCII text are left out."""
        if not header:
            return str(self)
        passed = [entry for part in header.split(",") if _LAWFUL.fullmatch(entry := part.strip())]
        return ", ".join([*passed, str(self)])

    def passed(self, header: str) -> bool:
        """Say whether a request with this header has passed this replica before."""
        return bool(header) and any(entry == self for entry in _entries(header))

    def hops(self, header: str) -> int:
        """Return how many other replicas of the fleet a request with this header has passed."""
        return sum(entry.fleet == self.fleet and entry != self for entry in _entries(header)) if header else 0


def capped(header: str) -> str:
    """Return the newest entries of a header, as many as a lawful chain of proxies has, without those that are too long.

    A client can write what it likes there. A request that goes round in a loop has its loop among the newest entries.
    """
    if len(header) <= _LONGEST_ENTRY:
        return header
    newest = header[-_LONGEST:].split(",")[-_MOST_ENTRIES:]
    return ",".join(entry for entry in newest if len(entry) <= _LONGEST_ENTRY).strip()


def passed_fleets(header: str) -> frozenset[str]:
    """Return the fleets that a request with this header has passed."""
    return frozenset(entry.fleet for entry in _entries(header)) if header else _NOBODY


def _entries(header: str) -> Iterator[ViaEntry]:
    """Yield the entries that a modproxy wrote, and skip the entries of other programs."""
    for entry in header.split(","):
        words = entry.split()
        if len(words) >= 2 and words[1].startswith(_PREFIX):
            fleet, _, replica = words[1].removeprefix(_PREFIX).partition(_SEPARATOR)
            yield ViaEntry(fleet, replica)
