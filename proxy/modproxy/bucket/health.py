"""Whether the object store can be used: a check at the start, after a rotation, now and then, and soon after a failure.

Only a check decides, because what fails for a client may concern one file, and because some servers say of wrong
credentials what they say of an absent file.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from modproxy.bucket.failure import BucketFailure

EVERY_SECONDS, FAILING_SECONDS = 60.0, 5.0
"""How often the store is checked, and how often while something fails."""
_MAY_PASS = frozenset({"busy", "server", "timeout", "cut", "connect", "refused", "dns"})
"""Kinds of failures that may pass by themselves: two checks in a row have to meet them before they are told."""

log = logging.getLogger(__name__)


class BucketHealth:
    """Keeps what the checks have found. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.url = ""
        self.failure: BucketFailure | None = None
        """Why the store cannot be used; None while it can."""
        self.since: float | None = None
        """Since when, in seconds since the epoch."""
        self.soon = asyncio.Event()
        """It is set where something speaks for a check now."""
        self._failed = 0
        self._next = 0.0

    def begin(self, url: str) -> None:
        """Forget what is known, because the store is another one now."""
        self.url, self.failure, self.since, self._failed = url, None, None, 0
        self.look_now()

    def look_now(self) -> None:
        """Have the next check made at once."""
        self._next = 0.0
        self.soon.set()

    def look_soon(self) -> None:
        """Have the store checked, because a request has failed; not more often than a failing store is checked."""
        if self._failed == 0:
            self._next = 0.0
            self.soon.set()

    @property
    def due(self) -> bool:
        """Whether it is time for a check."""
        return self._clock() >= self._next

    async def look(self, check: Callable[[], Awaitable[BucketFailure | None]]) -> bool:
        """Check, and note what was found. Returns whether the store can be used again after checks that failed."""
        begun, failed = self.url, self._failed
        failure = await check()
        if begun != self.url:
            return False
        if failure is None:
            self._failed = 0
            if self.failure is not None:
                log.info("object store %s can be read and written again", self.url)
            self.failure, self.since = None, None
        else:
            self._failed += 1
            if failure.kind not in _MAY_PASS or self._failed > 1:
                self.note(failure)
        self._next = self._clock() + (EVERY_SECONDS if failure is None else FAILING_SECONDS)
        return failure is None and failed > 0

    def note(self, failure: BucketFailure) -> None:
        """Note why the store cannot be used, and tell the log what it has not told yet."""
        if self.failure is None or self.failure.kind != failure.kind:
            log.warning("object store %s %s: %s", self.url, failure.words, failure.remedy)
        self.failure = failure
        self.since = self.since or time.time()
