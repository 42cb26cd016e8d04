"""Which requests are told to the collector. Pure: clock and chance are arguments.

Ordinary requests are told by share. Where traffic is small, one a second is told beside the share, so that a quiet
fleet shows something: the share that results lies between the configured one and all. Errors, refusals and slow
requests are told always, within a bound of which refusals leave a quarter, and ordinary requests a half.
"""

from collections.abc import Callable

SLOW_SECONDS = 1.0
"""A request is slow that waits so long for its first byte: a hit takes a millisecond, and a person notices a second.
How long a zip takes to be sent does not count, because that is the client's network.
"""
MOST_SPANS = 100
"""Spans a second that are told: encoding them takes some milliseconds of CPU."""
_BURST = 2 * MOST_SPANS
_ORDINARY = 1.0
"""Ordinary requests a second that are told beside the share."""
_ORDINARY_BURST = 5.0


class Allowance:
    """A bucket of tokens, which fills up at `rate` a second to at most `most`."""

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate = rate
        self._most = most
        self._left = most
        self._at = now

    def take(self, now: float, number: float = 1.0, *, leave: float = 0.0) -> bool:
        """Take tokens, if `leave` are left then. Returns whether they were taken."""
        self._left = min(self._most, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left - number < leave:
            return False
        self._left -= number
        return True


class Sampler:
    """Decides which requests are told. `chance` returns a number from 0 to 1, `clock` seconds."""

    def __init__(self, percent: float, clock: Callable[[], float], chance: Callable[[], float]) -> None:
        self._share = percent / 100.0
        self._clock = clock
        self._chance = chance
        self._ordinary = Allowance(_ORDINARY, _ORDINARY_BURST, clock())
        self._spans = Allowance(MOST_SPANS, _BURST, clock())

    def chosen(self) -> bool:
        """Say, at the beginning of an ordinary request, whether it is chosen. Other replicas are told so."""
        if not self._share:
            return False
        return self._chance() < self._share or self._ordinary.take(self._clock())

    def told(self, spans: int, *, chosen: bool, notable: bool, refused: bool = False) -> bool:
        """Say, at the end of a request with so many spans, whether it is told.

        `notable` are errors and slow requests; `refused` are refusals, which anybody may cause by the thousand: they
        leave room for what is notable. `chosen` are also those that whoever asks has chosen.
        """
        if notable:
            return self._spans.take(self._clock(), spans)
        if refused:
            return self._spans.take(self._clock(), spans, leave=_BURST / 4)
        return chosen and self._spans.take(self._clock(), spans, leave=_BURST / 2)
