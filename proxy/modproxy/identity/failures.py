"""How bad passwords from one address are slowed down, and those from other addresses are not.

Only passwords count. A token cannot be guessed, and an ingress or a NAT may stand for many clients: one CI job with an
expired token must not keep the others out.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.identity.presented import TooManyFailures

FREE_FAILURES = 10
"""Bad passwords in a row that cost nothing but their verification: people mistype."""
LONGEST_PAUSE = 60.0
"""Seconds. The pause after each further failure is twice the one before, up to this: 1,440 guesses a day."""
FORGOTTEN_SECONDS = 600.0
"""After so long without a bad password an address begins anew."""
MOST_ADDRESSES = 4096
"""Addresses that are remembered. The one whose last failure is the oldest goes first."""
_AT_ONCE = 4
"""Verifications for one address at once. What waits is checked again for failures when its turn comes."""
MOST_WAITING = 64
"""Passwords of one address that wait for their turn: an ingress after a restart has many users."""


class Failures:
    """Counts the bad passwords of each address. Times are in seconds, of any clock."""

    def __init__(self) -> None:
        self._counted: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._counted)

    def pause(self, address: str, now: float) -> int:
        """Return for how many whole seconds no password of an address is looked at; 0 for a good address."""
        count, last = self._counted.get(address, (0, 0.0))
        if count < FREE_FAILURES or now - last >= FORGOTTEN_SECONDS:
            return 0
        pause = min(2.0 ** min(count - FREE_FAILURES, 16), LONGEST_PAUSE)
        # A clock that is set back makes no pause longer.
        return max(0, math.ceil(min(last + pause - now, pause)))

    def note(self, address: str, now: float) -> None:
        """Count a bad password."""
        count, last = self._counted.pop(address, (0, 0.0))
        if len(self._counted) >= MOST_ADDRESSES:
            del self._counted[next(iter(self._counted))]
        self._counted[address] = (1 if now - last >= FORGOTTEN_SECONDS else count + 1), now


class Turns:
    """Lets a few requests of each address through at once."""

    def __init__(self) -> None:
        self._queues: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    @asynccontextmanager
    async def of(self, address: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises `TooManyFailures` when too many wait."""
        semaphore, present = self._queues.setdefault(address, (asyncio.Semaphore(_AT_ONCE), []))
        if len(present) >= _AT_ONCE + MOST_WAITING:
            raise TooManyFailures(1)
        present.append(None)
        try:
            async with semaphore:
                yield
        finally:
            present.pop()
            if not present:
                self._queues.pop(address, None)
