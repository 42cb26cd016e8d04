"""A bounded memory of values that expire."""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Remembers values by key, each for a time of its own.

    When there are more than `limit` values, the one that was put first is dropped. `clock` returns seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """Return the value, or None when there is no value or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        until, value = entry
        if until <= self._clock():
            del self._entries[key]
            return None
        return value

    def put(self, key: K, value: V, seconds: float) -> None:
        """Remember the value for `seconds`; zero seconds drop it."""
        self.forget(key)
        if seconds <= 0:
            return
        if len(self._entries) >= self._limit:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (self._clock() + seconds, value)

    def forget_if(self, condition: Callable[[K], bool]) -> None:
        """Drop the values whose keys fulfil the condition. Each key is looked at."""
        for key in [key for key in self._entries if condition(key)]:
            del self._entries[key]

    def forget(self, key: K) -> None:
        """Drop the value of a key, if there is one."""
        self._entries.pop(key, None)
