"""How many answers that cost much are made at once, and how many of them for one principal. Pure."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from modproxy.identity.principal import Principal

_OTHERS = 4
"""One of so many turns is never had by the principal who has the others: whoever asks without end leaves some."""


class Turns:
    """Gives turns, `most` at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_one = most - max(most // _OTHERS, 1)
        self._of: Counter[str] = Counter()

    @contextmanager
    def turn(self, principal: Principal) -> Iterator[bool]:
        """Take a turn while the context lasts. Yields whether there was one."""
        who = principal.name
        has = self._of.total() < self._most and self._of[who] < self._most_of_one
        if not has:
            yield False
            return
        self._of[who] += 1
        try:
            yield True
        finally:
            self._of[who] -= 1
            if not self._of[who]:
                del self._of[who]
