"""Which servers fail, since when, how often, and why. Pure.

They are upstreams, checksum databases, hosts of version control and HTTP proxies. What counts is a request whose client
gets a 5xx because of a server. 404 and 410 are answers, and so is 403.

Places that the config names are told apart from others. Clients choose the hosts of modules freely, so a host that
only a module path names is told, and never **failing**: whoever asks for nonsense must not make a fleet look ill. Other
places keep to a number of their own, so they never push a named one out.

A named place is failing after `TRIES` tries in a row of which none had an answer, once the first of them is
`STANDS_SECONDS` old; or `BUSY_STANDS_SECONDS`, where the place had answered shortly before. So neither one failed
request nor one file that a server cannot give turns a condition. Nobody may ask for a while, though, so the replica
asks again itself (`source.asking_again`). An answer ends the outage.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modproxy.contract.report import MOST_OUTAGES, Outage, Role
from modproxy.quoting import escape_controls

TRIES = 3
STANDS_SECONDS = 5.0
BUSY_STANDS_SECONDS = 60.0
"""A place that answered within so many seconds before its first failure is in use: it has to fail for as long."""
AGAIN_SECONDS = 5.0
"""How soon a place is asked again that is not known to fail."""
FAILING_AGAIN_SECONDS = 30.0
"""How often a failing place is asked again, and one of which `TRIES` tries of our own have told nothing."""
FORGOTTEN_SECONDS = 600.0
"""A named place that neither failed nor answered for so long, though it was asked, is asked no more.

What ends a try may be no news of the place: a repository that is too large for the cache, or a Secret that is gone.
"""
_MOST_OTHERS = MOST_OUTAGES
"""Places that no config names."""
_LONGEST_PLACE, _LONGEST_CAUSE = 256, 300
"""Characters, so that all outages fit into a report."""

Again = Callable[[], Awaitable[None]]
"""Asks a place again, and notes how that ends. Raises nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Names what may fail. `named` says whether the config names it."""

    role: Role
    name: str
    named: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """Says why a try had no answer."""

    kind: str
    """Failures of one kind are one trouble."""
    cause: str
    """In words that go on from the place's name, without any target, login or query."""
    remedy: str = ""
    target: str | None = None
    """What was asked for, where another target might have an answer; None where the place fails for all."""
    again: Again | None = None


@dataclass(slots=True)
class _Streak:
    first: float
    last: float
    failures: int
    told: Failure
    """Its cause stays until others have come `TRIES` times in a row, so that what is told does not flicker."""
    newest: Failure
    same: int
    """How many of the newest failures have the kind of the newest."""
    counted: int
    """Tries that count: the same target that fails again is no news of the place."""
    stands: float
    asked: float
    asks: int = 0
    """How often the replica has asked by itself."""


class Outages:
    """Notes how requests to places end. `clock` is in seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._answered: dict[Place, float] = {}
        self._named: dict[Place, _Streak] = {}
        self._others: OrderedDict[Place, _Streak] = OrderedDict()

    def answered(self, place: Place) -> None:
        """Note an answer, which ends an outage."""
        if place.named:
            self._answered[place] = self._clock()
            self._named.pop(place, None)
        else:
            self._others.pop(place, None)

    def failed(self, place: Place, failure: Failure, *, asked_again: bool = False) -> None:
        """Note a failure. `asked_again` says that the replica tried by itself."""
        now = self._clock()
        streaks: dict[Place, _Streak] = self._named if place.named else self._others
        streak = streaks.get(place)
        if streak is None:
            busy = now - self._answered.get(place, 0.0) < BUSY_STANDS_SECONDS
            stands = BUSY_STANDS_SECONDS if busy else STANDS_SECONDS
            streaks[place] = _Streak(now, now, 1, failure, failure, 1, 1, stands, now)
        else:
            streak.same = streak.same + 1 if failure.kind == streak.newest.kind else 1
            if asked_again or failure.target is None or failure.target != streak.newest.target:
                streak.counted += 1
            if streak.same >= TRIES and failure.kind != streak.told.kind:
                streak.told = failure
            streak.newest, streak.last, streak.failures = failure, now, streak.failures + 1
        if not place.named:
            self._others.move_to_end(place)
            while len(self._others) > _MOST_OTHERS:
                self._others.popitem(last=False)

    def due(self) -> list[tuple[Place, Again]]:
        """Return the named places whose turn it is, each with how to ask it again, and count their turns as taken."""
        now, found = self._clock(), []
        for place, streak in list(self._named.items()):
            if streak.asks >= TRIES and now - streak.last >= FORGOTTEN_SECONDS:
                del self._named[place]
                continue
            soon = streak.asks < TRIES and not self._failing(streak)
            pause = AGAIN_SECONDS if soon else FAILING_AGAIN_SECONDS
            # Clients that go on asking for one target that fails say nothing new of the place.
            told = streak.asked if streak.newest.target is not None else max(streak.asked, streak.last)
            if streak.newest.again is not None and now - told >= pause:
                streak.asked, streak.asks = now, streak.asks + 1
                found.append((place, streak.newest.again))
        return found

    def report(self) -> tuple[Outage, ...]:
        """Return the outages: of named places first, and of others the newest first."""
        named = list(self._named.items())
        both = [*named, *reversed(self._others.items())][:MOST_OUTAGES]
        return tuple(
            Outage(
                role=place.role,
                place=escape_controls(place.name)[:_LONGEST_PLACE],
                named=place.named,
                failing=place.named and self._failing(streak),
                kind=streak.told.kind,
                cause=escape_controls(streak.told.cause)[:_LONGEST_CAUSE],
                remedy=streak.told.remedy,
                since=round(streak.first, 3),
                last=round(streak.last, 3),
                failures=streak.failures,
            )
            for place, streak in both
        )

    def _failing(self, streak: _Streak) -> bool:
        return streak.counted >= TRIES and self._clock() - streak.first >= streak.stands
