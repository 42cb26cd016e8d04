"""What the classes say of each fleet, as its last pass found: what the status of the classes is made from."""

import asyncio
from collections.abc import Collection, Mapping

from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.audit import Verdict


class Verdicts:
    """Is told the verdict on each fleet, and tells that something has moved."""

    def __init__(self) -> None:
        self._found: dict[Key, Verdict] = {}
        self._moves = 0
        self._moved = asyncio.Event()

    @property
    def found(self) -> Mapping[Key, Verdict]:
        """The verdicts by fleet."""
        return self._found

    @property
    def moves(self) -> int:
        """How often something has moved."""
        return self._moves

    def note(self, key: Key, verdict: Verdict) -> None:
        """Take the verdict on a fleet."""
        if self._found.get(key) != verdict:
            self._found[key] = verdict
            self.move()

    def unknown(self, key: Key) -> None:
        """Note that a fleet was looked at, and could not be judged now."""
        self._found.setdefault(key, Verdict())

    def forget(self, key: Key) -> None:
        """Forget a fleet that is gone."""
        if self._found.pop(key, None) is not None:
            self.move()

    def move(self) -> None:
        """Say that a class has changed, or a verdict."""
        self._moves += 1
        self._moved.set()

    def are_of(self, fleets: Collection[Key]) -> bool:
        """Say whether each fleet there is was looked at: a count of fewer says nothing."""
        return all(key in self._found for key in fleets)

    async def wait(self) -> None:
        """Return when something has moved since the last return."""
        await self._moved.wait()
        self._moved.clear()
