"""The reasons why files are not stored: a full cache, a disk that refuses writes, too little free space."""

import time

_RETRY_SECONDS = 10.0
"""How long after a refused write the disk is not tried again."""


class Pressure:
    """Remembers what hinders writes, and says when a write may be tried again."""

    def __init__(self) -> None:
        self.refusal: str | None = None
        """Why files are not stored now; None while they are stored."""
        self.scarcity: str | None = None
        """Why files may soon not be stored; None while enough space is free."""
        self._retry_at = 0.0
        self._refused_at = 0.0

    @property
    def reason(self) -> str | None:
        """Why files are not stored, or may soon not be; None while all is well."""
        return self.refusal or self.scarcity

    def full(self, stored: int) -> None:
        """Note that the cache has `stored` bytes, which is all that it may store."""
        self._refused_at = time.monotonic()
        self.refusal = f"the cache is full: {stored >> 20} MiB are held"

    def refused(self, error: OSError) -> None:
        """Note that the disk refused a write, so that the disk is not tried again for a while."""
        self._refused_at = time.monotonic()
        self._retry_at = self._refused_at + _RETRY_SECONDS
        self.refusal = f"the cache's disk refuses writes: {error.strerror}"

    def written(self, begun: float) -> None:
        """Note that the disk took a file that was begun at this time (`time.monotonic`), which ends older refusals.

        Files are published behind the answers, so a file may have been written before the disk refused another.
        """
        if begun >= self._refused_at:
            self.refusal = None

    @property
    def may_try(self) -> bool:
        """Whether a write may be tried now."""
        return self.refusal is None or time.monotonic() >= self._retry_at
