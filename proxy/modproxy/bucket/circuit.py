"""When a failing object store is asked again. Pure.

After a failure the store is passed by for some seconds, so that no client waits for it. Then one request at a time
finds out whether it answers; its answer lets all others ask again.
"""

import time
from collections.abc import Callable

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds. Each failure in a row doubles the pause."""
_MOST_DOUBLINGS = 10
TRIAL_SECONDS = 30.0
"""After so long another request may find out, because the one before has told nothing."""


class Circuit:
    """Lets requests ask, or not. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._not_before = 0.0
        self._trial: float | None = None
        """When the request began that finds out."""

    @property
    def closed(self) -> bool:
        """Whether the newest answer was none of a failure."""
        return self._failures == 0

    def may_ask(self) -> bool:
        """Say whether a request may ask. While the store fails, one that may has to tell how it ended."""
        if not self._failures:
            return True
        now = self._clock()
        if now < self._not_before or (self._trial is not None and now - self._trial < TRIAL_SECONDS):
            return False
        self._trial = now
        return True

    def answered(self) -> None:
        """Note an answer."""
        self._failures, self._trial = 0, None

    def failed(self) -> None:
        """Note a failure. Those of requests that were under way together count once."""
        now = self._clock()
        if self._failures and self._trial is None and now < self._not_before:
            return
        pause = min(FIRST_PAUSE * 2 ** min(self._failures, _MOST_DOUBLINGS), LONGEST_PAUSE)
        self._failures, self._trial, self._not_before = self._failures + 1, None, now + pause

    def abandoned(self) -> None:
        """Note that a request has ended without telling anything: its client has left."""
        self._trial = None

    def reset(self) -> None:
        """Forget what is known, because the store is another one now."""
        self._failures, self._trial, self._not_before = 0, None, 0.0
