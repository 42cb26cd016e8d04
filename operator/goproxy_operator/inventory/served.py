"""The versions that were served, put together from their uses. Pure, but for what it keeps."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from goproxy_operator.inventory.records import Use

MOST_VERSIONS = 500_000
"""A large company builds with some hundred thousand; each takes half a kilobyte of memory here."""
MOST_USERS = 1000
"""Users that are named of a version."""
MOST_NAMED = 5_000_000
"""Users that are named of all versions together, some 400 MB."""


class TooManyError(Exception):
    """There are more versions, or more users of them, than an inventory holds."""


@dataclass(slots=True)
class Version:
    """What is known of a version that was served."""

    module: str
    version: str
    requests: int = 0
    zips: int = 0
    """How many of the requests were for its zip."""
    bytes: int = 0
    first: float = 0.0
    last: float = 0.0
    """When it was served for the first and the last time, in seconds since the epoch."""
    users: set[str] = field(default_factory=set)
    refused_now: str = ""
    """Why the fleet would refuse it now; empty where it would not, or was not asked."""


class Inventory:
    """Counts uses between two moments, in seconds since the epoch."""

    def __init__(self, since: float, until: float) -> None:
        self.since = since
        self.until = until
        self._versions: dict[tuple[str, str], Version] = {}
        self._users: dict[str, str] = {}
        """Each name once, however many versions name it."""
        self._named = 0

    def add(self, uses: Iterable[Use]) -> None:
        """Count uses. Raises `TooManyError`."""
        for use in uses:
            if not self.since <= use.time <= self.until:
                continue
            key = use.module, use.version
            found = self._versions.get(key)
            if found is None:
                if len(self._versions) >= MOST_VERSIONS:
                    raise TooManyError
                found = self._versions[key] = Version(*key, first=use.time, last=use.time)
            found.requests += 1
            found.zips += use.is_zip
            found.bytes += use.size
            found.first, found.last = min(found.first, use.time), max(found.last, use.time)
            if len(found.users) < MOST_USERS and use.user not in found.users:
                self._named += 1
                if self._named > MOST_NAMED:
                    raise TooManyError
                found.users.add(self._users.setdefault(use.user, use.user))

    @property
    def versions(self) -> list[Version]:
        """All versions, by module and version."""
        return [self._versions[key] for key in sorted(self._versions)]
