"""Who of a fleet is there: what greetings and requests have told of each address of the fleet's list. Pure.

A replica is known by its name, and reached at the address whose greeting was answered with that name. It is **live**
after an answered greeting, until a greeting or a request fails, or until it says that it is leaving. Then it is left
out at once, and comes back with a greeting that is answered `OUT_SECONDS` later at the earliest. One that is leaving
owns nothing, and is still asked for what it holds until its end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from modproxy.contract.report import MOST_PEERS
from modproxy.fleet.greeting import Greeting

OUT_SECONDS = 2.0
"""How long a replica that has failed is not asked: so long a process needs to start again at the least."""
LEAVING_SECONDS = 60.0
"""How long a replica that is leaving is asked for what it holds. Its end takes less; the first request after it fails.
"""
TOLD_AFTER_SECONDS = 15.0
"""How long a trouble lasts before it is told. Replicas that restart, one after the other, are no trouble."""
MOST_ADDRESSES = 512
"""Addresses of one fleet. Those beyond are left out, and this is told."""
_MOST_TOLD = 4
"""Addresses that a message names."""


class Trouble(StrEnum):
    """Why an address is not a peer's. The value goes on from the address or the name."""

    DOWN = "cannot be reached"
    REFUSED = "does not take the token of this replica"
    NO_REPLICA = "answers, and not as a replica does"
    FOREIGN = "is a replica of another fleet"
    TWICE = "has the name of another replica"


_REMEDIES = {
    Trouble.DOWN: "look whether these replicas run, and whether a network policy or a firewall keeps the port of "
    "peers closed between replicas",
    Trouble.REFUSED: "look at peers.proof (the issuer, its keys, the accounts) and at peers.tokenFile of the replicas: "
    "they must be of one fleet, and their clocks must agree",
    Trouble.NO_REPLICA: "look at peers.host, peers.port and peers.addresses: something else listens there",
    Trouble.FOREIGN: "look at peers.host and peers.addresses: they must name the replicas of this fleet alone",
    Trouble.TWICE: "give each replica a peers.name of its own",
}


@dataclass(eq=False, slots=True)
class Peer:
    """Another replica that is live."""

    name: str
    address: str
    instance: str
    heard: float = 0.0
    """When the replica has last sent anything."""
    gone: bool = False
    """Whether it was left out. It stays so: the replica comes back as another `Peer`."""
    on_gone: set[Callable[[], None]] = field(default_factory=set)
    """Called when it is left out."""


@dataclass(slots=True)
class _Place:
    """What is known of one address."""

    not_before: float = 0.0
    trouble: Trouble | None = None
    since: float = 0.0
    named: str = ""
    """What the message calls it; the address before any greeting was answered."""
    own: bool = False
    """Whether this process itself listens there."""


class Members:
    """Knows the other replicas of the fleet `fleet`. `name` and `instance` are those of this one.

    Times are in seconds of one clock that never goes back.
    """

    def __init__(self, name: str, instance: str, fleet: str) -> None:
        self.name = name
        self.instance = instance
        self.fleet = fleet
        self.leaving = False
        """Whether this replica is about to end: then it owns nothing, as long as there are others."""
        self.moves = 0
        """How many times the replicas that can own modules have changed."""
        self.too_many = False
        """Whether the list has more addresses than are taken."""
        self._places: dict[str, _Place] = {}
        self._live: dict[str, Peer] = {}
        self._retired: dict[str, tuple[Peer, float]] = {}
        """The replicas that are leaving, each with the time until which it is asked."""

    @property
    def live(self) -> tuple[Peer, ...]:
        """The other replicas that are live."""
        return tuple(self._live.values())

    def holders(self, now: float) -> dict[str, Peer]:
        """Return the other replicas that can be asked for what they hold, by name: also those that are leaving."""
        retired = {name: peer for name, (peer, until) in self._retired.items() if now < until}
        return {**retired, **self._live}

    def find(self, name: str) -> Peer | None:
        """Return a live replica."""
        return self._live.get(name)

    @property
    def owners(self) -> tuple[str, ...]:
        """The names of the replicas that can own modules, with this one."""
        others = tuple(self._live)
        return others if self.leaving and others else (self.name, *others)

    @property
    def known(self) -> int:
        """How many addresses of others the list has."""
        return sum(not place.own for place in self._places.values())

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that are greeted."""
        return tuple(self._places)

    def list_is(self, addresses: Iterable[str], now: float) -> None:
        """Take the list of the fleet. What is known of addresses that stay is kept."""
        listed = list(dict.fromkeys(addresses))
        self.too_many = len(listed) > MOST_ADDRESSES
        wanted = listed[:MOST_ADDRESSES]
        retired = {peer.address for peer, _ in self._retired.values()}
        for address in [address for address in self._places if address not in wanted]:
            if address not in retired:  # the list of a Service drops a replica when that replica begins to leave
                self._leave_out(address)
            del self._places[address]
        for address in wanted:
            self._places.setdefault(address, _Place(since=now, named=address))

    def may_greet(self, address: str, now: float) -> bool:
        """Say whether an address is to be greeted: it is in the list, and has not failed a moment ago."""
        place = self._places.get(address)
        return place is not None and now >= place.not_before

    def hurry(self) -> None:
        """Let addresses be greeted again that have failed a moment ago: somebody there has just been heard of."""
        for place in self._places.values():
            place.not_before = 0.0

    def greeted(self, address: str, greeting: Greeting, now: float) -> None:
        """Note the answer to a greeting."""
        place = self._places.get(address)
        if place is None:
            return
        place.own = greeting.instance == self.instance
        place.named = f"{greeting.name} ({address})"
        if place.own:
            place.trouble = None
        elif greeting.fleet != self.fleet:
            self.failed(address, Trouble.FOREIGN, now)
        elif greeting.leaving:
            self._note(place, None, now)
            self._retire(address, now)
        elif greeting.name == self.name or self._is_other(greeting, address):
            self.failed(address, Trouble.TWICE, now)
        else:
            self._note(place, None, now)
            self._take_in(address, greeting, now)

    def failed(self, address: str, trouble: Trouble, now: float) -> None:
        """Note that a greeting or a request was not answered as by a peer. The replica is left out at once."""
        place = self._places.get(address)
        if place is not None:
            place.not_before = now + OUT_SECONDS
            self._note(place, trouble, now)
        self._leave_out(address)

    def said_to_leave(self, name: str, now: float) -> None:
        """Note that a replica has told that it is leaving."""
        if (peer := self._live.get(name)) is not None:
            if (place := self._places.get(peer.address)) is not None:
                place.not_before = now + OUT_SECONDS
            self._retire(peer.address, now)

    def _is_other(self, greeting: Greeting, address: str) -> bool:
        peer = self._live.get(greeting.name)
        return peer is not None and peer.instance != greeting.instance and peer.address != address

    def _take_in(self, address: str, greeting: Greeting, now: float) -> None:
        self._forget_retired(lambda name, _: name == greeting.name)
        peer = self._live.get(greeting.name)
        if peer is not None and peer.instance == greeting.instance:
            peer.heard = now  # at this address, or at another one of its own
            return
        moves = self.moves
        self._leave_out(address)
        known_before = peer is not None and moves != self.moves
        self._live[greeting.name] = Peer(greeting.name, address, greeting.instance, now)
        # A process that has taken the place of another one of its name owns what that one has owned.
        self.moves = moves if known_before else moves + 1

    def _retire(self, address: str, now: float) -> None:
        for name, peer in list(self._live.items()):
            if peer.address == address:
                del self._live[name]
                self.moves += 1
                self._retired[name] = peer, now + LEAVING_SECONDS

    def _leave_out(self, address: str) -> None:
        self._forget_retired(lambda _, peer: peer.address == address)
        for name, peer in list(self._live.items()):
            if peer.address == address:
                del self._live[name]
                self.moves += 1
                _tell_gone(peer)

    def _forget_retired(self, due: Callable[[str, Peer], bool]) -> None:
        for name, (peer, _) in list(self._retired.items()):
            if due(name, peer):
                del self._retired[name]
                _tell_gone(peer)

    def _note(self, place: _Place, trouble: Trouble | None, now: float) -> None:
        if place.trouble != trouble:
            place.trouble, place.since = trouble, now

    def seen(self) -> tuple[str, ...]:
        """Return the names of the live replicas, sorted, as many as a report has."""
        return tuple(sorted(self._live))[:MOST_PEERS]

    def trouble(self, now: float) -> tuple[str, str, float] | None:
        """Return what is wrong for a while already: in words, with what to do, and since when; None while all is well.

        A replica that has never answered is told, and so is one that has failed.
        """
        lasting = {
            address: place
            for address, place in self._places.items()
            if place.trouble is not None and now - place.since >= TOLD_AFTER_SECONDS
        }
        for trouble in (Trouble.FOREIGN, Trouble.TWICE, Trouble.REFUSED, Trouble.NO_REPLICA, Trouble.DOWN):
            of_kind = [place for place in lasting.values() if place.trouble is trouble]
            if of_kind:
                names = sorted(place.named for place in of_kind)
                shown = ", ".join(names[:_MOST_TOLD]) + (" and others" if len(names) > _MOST_TOLD else "")
                since = min(place.since for place in of_kind)
                return f"{shown} {trouble.value}", _REMEDIES[trouble], since
        if self.too_many:
            remedy = "a fleet may have so many replicas at the most: divide it"
            return f"the list of the fleet has more than {MOST_ADDRESSES} addresses", remedy, now
        return None


def _tell_gone(peer: Peer) -> None:
    """Tell whoever waits for a replica that it gives no answer any more."""
    peer.gone = True
    for call in list(peer.on_gone):
        call()
