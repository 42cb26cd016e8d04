"""The fetches under way, and which requests share one.

Requests share a fetch only when they have passed the same fleets. Otherwise two fleets that are each other's upstream
could wait for each other's fetch, each with a Via header that does not show the loop: what a fetch sends on is the
header of the request that began it, and not of those that joined it. With equal headers there is no such ring, because
each fleet adds itself to the header, and refuses a request that has it already.
"""

from modproxy.cache.flight import Flight, FlightKey
from modproxy.via import passed_fleets


class Flights:
    """Knows the flights that a request can join."""

    def __init__(self) -> None:
        self._by_passed: dict[FlightKey, dict[frozenset[str], Flight]] = {}

    def of(self, key: FlightKey, via: str) -> Flight | None:
        """Return the flight that a request with this Via header shares."""
        flights = self._by_passed.get(key)
        return None if flights is None else flights.get(passed_fleets(via))

    def of_others(self, key: FlightKey) -> Flight | None:
        """Return some flight of the target, for whomever it was begun."""
        flights = self._by_passed.get(key)
        return None if flights is None else next(iter(flights.values()))

    def add(self, flight: Flight) -> None:
        """Let requests join a flight."""
        self._by_passed.setdefault(flight.key, {})[passed_fleets(flight.request.via)] = flight

    def forget(self, flight: Flight) -> None:
        """Let no request join a flight any more. May be called twice."""
        flights, passed = self._by_passed.get(flight.key, {}), passed_fleets(flight.request.via)
        if flights.get(passed) is flight:
            del flights[passed]
            if not flights:
                del self._by_passed[flight.key]
