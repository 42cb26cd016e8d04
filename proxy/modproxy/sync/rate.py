"""How many things may happen in a second, and at once (a token bucket). Pure: the clock is given."""

from collections.abc import Callable


class Rate:
    """Allows `a_second` things in the long run, and `at_once` at one moment. `clock` returns seconds."""

    def __init__(self, a_second: float, at_once: int, clock: Callable[[], float]) -> None:
        self._a_second = a_second
        self._at_once = float(at_once)
        self._clock = clock
        self._left, self._refilled = self._at_once, clock()

    def take(self) -> bool:
        """Count one more. Returns False, and counts nothing, where that is too many."""
        now = self._clock()
        self._left = min(self._at_once, self._left + (now - self._refilled) * self._a_second)
        self._refilled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
