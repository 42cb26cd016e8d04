"""The Via header: which proxies a request has passed, so that one which goes round in a circle is seen. Pure.

Source of the syntax: RFC 9110, section 7.6.3. An entry of ours is `1.1 modproxy-FLEET~REPLICA`, and `~` stands in no
FLEET, because an id of the config cannot hold one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_PROTOCOL = "1.1"
_PREFIX = "modproxy-"
_SEPARATOR = "~"


@dataclass(frozen=True, slots=True)
class ViaEntry:
    """Names one replica of one fleet in Via."""

    fleet: str
    replica: str

    def __str__(self) -> str:
        return f"{_PROTOCOL} {_PREFIX}{self.fleet}{_SEPARATOR}{self.replica}"

    def appended_to(self, header: str) -> str:
        """Return the header that a request carries on from here."""
        return f"{header}, {self}" if header else str(self)

    def passed(self, header: str) -> bool:
        """Say whether a request with this header has been at this very replica already."""
        return any(entry == self for entry in _entries(header))

    def hops(self, header: str) -> int:
        """Return through how many other replicas of the fleet a request with this header has passed."""
        return sum(entry.fleet == self.fleet and entry != self for entry in _entries(header))


def _entries(header: str) -> Iterator[ViaEntry]:
    """Yield the entries that a modproxy wrote; those of other programs are passed over."""
    for entry in header.split(","):
        words = entry.split()
        if len(words) >= 2 and words[1].startswith(_PREFIX):
            fleet, _, replica = words[1].removeprefix(_PREFIX).partition(_SEPARATOR)
            yield ViaEntry(fleet, replica)
