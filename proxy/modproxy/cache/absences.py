"""The absences that are remembered: a 404 or 410 of a source counts for a while."""

import time

from modproxy.cache.answer import KnownAbsent
from modproxy.cache.flight import FlightKey
from modproxy.cache.memo import Memo
from modproxy.request import Request
from modproxy.source.protocol import NotFound
from modproxy.via import passed_fleets

_REMEMBERED = 20_000


class Absences:
    """Remembers absences by the fleets that their requests have passed.

    A client can write a Via header that makes an upstream see a loop, and what comes of that is for this client alone.
    """

    def __init__(self) -> None:
        self._known: Memo[tuple[FlightKey, frozenset[str]], tuple[float, NotFound]] = Memo(_REMEMBERED, time.monotonic)

    def check(self, request: Request, source_generation: int) -> None:
        """Raise `KnownAbsent` where the target is known to be absent."""
        known = self._known.get(((request.target.key, source_generation), passed_fleets(request.via)))
        if known:
            learnt, error = known
            raise KnownAbsent(error.reason, error.status, age=time.monotonic() - learnt)

    def note(self, request: Request, source_generation: int, error: NotFound, seconds: float) -> None:
        """Remember an absence until `seconds` after a source has told it."""
        age = error.age or 0.0
        key = (request.target.key, source_generation), passed_fleets(request.via)
        self._known.put(key, (time.monotonic() - age, error), seconds - age)

    def forget_below(self, beginning: str) -> None:
        """Forget the absences of all targets whose keys have this beginning."""
        self._known.forget_if(lambda key: key[0][0].startswith(beginning))
