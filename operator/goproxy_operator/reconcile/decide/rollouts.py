"""How many fleets are rolled at once when what the operator makes of all of them has changed. Pure.

A new version of the operator, or of a class, changes the pods of every fleet. They take turns, so that a version
that does not start stops at the first few. A user who edits an object does not wait.
"""

from collections import Counter
from collections.abc import Callable, Collection
from heapq import nsmallest

from goproxy_operator.kube.resources import Key, Object


def changing(stateful_set: Object | None) -> bool:
    """Say whether the pods of a StatefulSet are being replaced.

    Its controller calls the new revision the current one once all replicas run it and are ready.
    """
    if stateful_set is None:
        return False
    status = stateful_set.get("status", {})
    if int(status.get("observedGeneration", 0)) < int(stateful_set["metadata"].get("generation", 0)):
        return True
    return bool(status.get("currentRevision") != status.get("updateRevision"))


def rolling(stateful_set: Object | None) -> bool:
    """Say whether the pods of a StatefulSet are being replaced, or those that were are not ready yet."""
    if stateful_set is None or changing(stateful_set):
        return stateful_set is not None
    updated = int(stateful_set.get("status", {}).get("updatedReplicas", 0))
    return updated < _desired(stateful_set) or not ready(stateful_set)


def ready(stateful_set: Object | None) -> bool:
    """Say whether a StatefulSet has as many ready replicas as it should have."""
    if stateful_set is None:
        return False
    return int(stateful_set.get("status", {}).get("readyReplicas", 0)) >= _desired(stateful_set)


def _desired(stateful_set: Object) -> int:
    return int(stateful_set["spec"].get("replicas", 0))


class Rollouts:
    """Gives fleets their turn to roll, to at most `limit` at once.

    `fleets` says which fleets there are; `wake` is told whose turn it may be. A fleet keeps its turn until it is ready.
    One that was not ready beforehand says nothing about what it rolls to, and may never become ready: it waits for a
    turn and keeps none.
    """

    def __init__(self, limit: int, fleets: Callable[[], Collection[Key]], wake: Callable[[Key], None]) -> None:
        self._limit = limit
        self._fleets = fleets
        self._wake = wake
        self._seen: set[Key] | None = set()
        """The fleets that were looked at or go; None once all were. Before that a roll-out may be under way unseen."""
        self._rolling: set[Key] = set()
        self._waiting: set[Key] = set()

    @property
    def waiting(self) -> int:
        """Return how many fleets wait."""
        return len(self._waiting)

    @property
    def rolling(self) -> int:
        """Return how many fleets have their turn."""
        return len(self._rolling)

    def turn(self, fleet: Key, *, ready: bool) -> bool:
        """Ask for a turn for a fleet that is `ready` or not. A fleet that has to wait is woken later."""
        if fleet in self._rolling:
            return True
        self._waiting.add(fleet)
        if fleet not in self._next():
            return False
        self._waiting.discard(fleet)
        if ready:
            self._rolling.add(fleet)
        return True

    def looked_at(self, fleet: Key, stateful_set: Object | None, *, waits: bool) -> None:
        """Note how a fleet was found, whose pods are those of `stateful_set`; it `waits` for its turn or does not."""
        if not waits:
            self._waiting.discard(fleet)
        if not rolling(stateful_set):
            self._rolling.discard(fleet)
        elif self._seen is not None and not waits and changing(stateful_set):
            self._rolling.add(fleet)
        self._note(fleet)

    def forget(self, fleet: Key) -> None:
        """Forget a fleet that is gone, or that is being deleted, which may last for as long as it has a finalizer."""
        self._waiting.discard(fleet)
        self._rolling.discard(fleet)
        self._note(fleet)

    def _note(self, fleet: Key) -> None:
        if self._seen is not None:
            self._seen.add(fleet)
            if self._seen >= set(self._fleets()):
                self._seen = None
        for key in self._next():
            self._wake(key)

    def _next(self) -> list[Key]:
        """Return those whose turn it is, each of a namespace that has no more turns than that of another who waits.

        A namespace is a tenant: one whose fleets never become ready must not have all turns.
        """
        free = self._limit - len(self._rolling) if self._seen is None else 0
        if free <= 0:
            return []
        turns = Counter(fleet.namespace for fleet in self._rolling)
        ranked: list[tuple[int, Key]] = []
        for fleet in sorted(self._waiting):
            ranked.append((turns[fleet.namespace], fleet))
            turns[fleet.namespace] += 1
        return [fleet for _, fleet in nsmallest(free, ranked)]
