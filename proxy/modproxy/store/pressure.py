"""Why nothing is stored now, or soon may not be: a full cache, a disk that refuses, a file system that runs out."""

import time

_RETRY_SECONDS = 10.0
"""A disk that refused a write is left alone so long."""


class Pressure:
    """What stands in the way of writes. `refusal` is why nothing is stored now; `scarcity` is why soon nothing may be;
    both are None while all is well.
    """

    def __init__(self) -> None:
        self.refusal: str | None = None
        self.scarcity: str | None = None
        self._retry_at = 0.0

    @property
    def reason(self) -> str | None:
        """Say why nothing is stored, or soon will not be."""
        return self.refusal or self.scarcity

    def full(self, held: int) -> None:
        """Note that the cache holds as many bytes as it may."""
        self.refusal = f"the cache is full: {held >> 20} MiB are held"

    def refused(self, error: OSError) -> None:
        """Note that the disk refused a write: it is left alone for a while."""
        self._retry_at = time.monotonic() + _RETRY_SECONDS
        self.refusal = f"the cache's disk refuses writes: {error.strerror}"

    def written(self) -> None:
        """Note that the disk took a file."""
        self.refusal = None

    @property
    def may_try(self) -> bool:
        """Say whether a write may be tried now."""
        return self.refusal is None or time.monotonic() >= self._retry_at
