"""A bounded set of things by key, from which the unused go first. Pure."""

from typing import Generic, Protocol, TypeVar

_CHANCES = 16
"""How many used things get a further chance before one that is used must go, so that a put takes a bounded time."""


class Usable(Protocol):
    """Something that notes its use."""

    used: bool
    """Whether it was used since the shelf last considered it."""


T = TypeVar("T", bound=Usable)


class Shelf(Generic[T]):
    """Holds at most `most` things, whose costs sum up to at most `most_cost`.

    What was put first is considered first when something must go; it goes to the end of the row if it was used since.
    To note a use costs less than to keep things in the order of their use.
    """

    def __init__(self, *, most: int | None = None, most_cost: int | None = None) -> None:
        self._most = most
        self._most_cost = most_cost
        self._held: dict[str, tuple[T, int]] = {}
        self._cost = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str) -> T | None:
        """Return what has the key."""
        held = self._held.get(key)
        return None if held is None else held[0]

    def put(self, key: str, thing: T, cost: int = 0) -> list[T]:
        """Hold a thing under a key that nothing has. Returns what had to go, perhaps the thing itself."""
        self._held[key] = thing, cost
        self._cost += cost
        gone: list[T] = []
        chances = _CHANCES
        while self._too_many():
            oldest = next(iter(self._held))
            candidate, its_cost = self._held[oldest]
            if candidate.used and chances:
                chances -= 1
                candidate.used = False
                self._held[oldest] = self._held.pop(oldest)
                continue
            del self._held[oldest]
            self._cost -= its_cost
            gone.append(candidate)
        return gone

    @property
    def nearly_full(self) -> bool:
        """Whether more than three quarters of what may be held is held."""
        if self._most is not None and len(self._held) * 4 > self._most * 3:
            return True
        return self._most_cost is not None and self._cost * 4 > self._most_cost * 3

    def _too_many(self) -> bool:
        if self._most is not None and len(self._held) > self._most:
            return True
        return self._most_cost is not None and self._cost > self._most_cost

    def things(self) -> list[T]:
        """Return everything that is held, without a note of its use."""
        return [thing for thing, _ in self._held.values()]

    def unused(self) -> list[T]:
        """Return what was not used since the last call, or since it was considered by `put`."""
        things = self.things()
        unused = [thing for thing in things if not thing.used]
        for thing in things:
            thing.used = False
        return unused

    def pop(self, key: str) -> T | None:
        """Take out what has the key."""
        held = self._held.pop(key, None)
        if held is None:
            return None
        self._cost -= held[1]
        return held[0]

    def clear(self) -> list[T]:
        """Take out everything."""
        things = self.things()
        self._held.clear()
        self._cost = 0
        return things
