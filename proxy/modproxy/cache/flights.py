"""The fetches under way, and which requests share one.

Requests share a fetch only when they have passed the same fleets. Otherwise two fleets that are each other's upstream
could wait for each other's fetch, each with a Via header that does not show the loop: what a fetch sends on is the
header of the request that began it, and not of those that joined it. With equal headers there is no such ring, because
each fleet adds itself to the header, and refuses a request that has it already.

The same holds between the replicas of one fleet. A fetch that may wait for another replica is **asking**; one that
waits for no other replica is **alone** (its request has a hop). A request of another replica joins only the latter, so
that two replicas that take each other for the owner do not wait for each other. A fetch of what other replicas **hold**
only is shared by requests that allow no more.
"""

from modproxy.cache.flight import Flight, FlightKey
from modproxy.request import Request
from modproxy.via import passed_fleets

_Sharing = tuple[frozenset[str], bool, bool]
"""The fleets that the request has passed, whether it waits for no other replica, and whether it asks for what is held.
"""


def _sharing(request: Request) -> _Sharing:
    return passed_fleets(request.via), request.hop > 0, request.cached_only


class Flights:
    """Knows the flights that a request can join."""

    def __init__(self) -> None:
        self._by_sharing: dict[FlightKey, dict[_Sharing, Flight]] = {}

    def of(self, key: FlightKey, request: Request, *, may_wait: bool) -> Flight | None:
        """Return the flight that a request shares. `may_wait` says whether that flight may wait for other replicas."""
        flights = self._by_sharing.get(key)
        if flights is None:
            return None
        passed, alone, held = _sharing(request)
        found = flights.get((passed, alone, held))
        if found is None and may_wait and not held:
            found = flights.get((passed, not alone, False))
        return found

    def of_others(self, key: FlightKey, *, may_wait: bool) -> Flight | None:
        """Return some flight that fetches the target, for whomever it was begun."""
        flights = self._by_sharing.get(key, {})
        fitting = (flight for (_, alone, held), flight in flights.items() if not held and (alone or may_wait))
        return next(fitting, None)

    def add(self, flight: Flight) -> None:
        """Let requests join a flight."""
        self._by_sharing.setdefault(flight.key, {})[_sharing(flight.request)] = flight

    def forget(self, flight: Flight) -> None:
        """Let no request join a flight any more. May be called twice."""
        flights, sharing = self._by_sharing.get(flight.key, {}), _sharing(flight.request)
        if flights.get(sharing) is flight:
            del flights[sharing]
            if not flights:
                del self._by_sharing[flight.key]
