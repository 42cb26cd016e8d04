"""The questions that are asked of simulated fleets, and the figures of the answers."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from bench.simulation.replicas import Bucket, Fleet, Upstream
from bench.simulation.workload import Ask, Workload, large_file
from modproxy.fleet.rendezvous import owner_of

ISLANDS, PEERS, STORE, TREE = "islands", "peers", "peers and an object store", "a tree of parents"
ARRANGEMENTS = (ISLANDS, PEERS, STORE, TREE)
REPLICAS = (3, 10, 30, 100, 300)
TOOLCHAIN_BYTES = 65_000_000
"""A release of Go, as a module zip."""
_TREE_OF = 10
"""How many replicas a fleet at the leaves of the tree has, and how many leaves a replica of the parent serves."""
_OWNERS_TIMED = 2000


@dataclass(frozen=True, slots=True)
class Figures:
    """What one arrangement of one number of replicas has cost."""

    arrangement: str
    replicas: int
    requests: int
    upstream_requests: int
    upstream_bytes: int
    client_bytes: int
    between_bytes: int
    """Bytes between replicas, and between fleets."""
    bucket_requests: int
    balance: float
    """What the busiest replica has sent to others, over the mean."""
    release_bytes: int
    """What the busiest replica sends when all replicas are asked for a new large zip at once."""
    release_upstream: int
    """The requests to upstream for that zip."""
    owner_microseconds: float
    """The processor time that the choice of an owner takes."""

    def row(self) -> dict[str, object]:
        """Return the figures by name."""
        return asdict(self)


class World:
    """An arrangement of `count` replicas, with the names that clients know them by."""

    def __init__(self, arrangement: str, count: int, capacity: int) -> None:
        self.upstream = Upstream()
        self.bucket = Bucket(self.upstream) if arrangement == STORE else None
        behind: Upstream | Bucket | Fleet = self.bucket or self.upstream
        self.fleets: list[Fleet] = []
        if arrangement == TREE and count > _TREE_OF:
            leaves = -(-count // _TREE_OF)
            behind = Fleet(_names("parent", max(2, -(-leaves // _TREE_OF))), capacity, behind, peers=True)
            self.fleets.append(behind)
            sizes = [min(_TREE_OF, count - _TREE_OF * number) for number in range(leaves)]
        else:
            sizes = [count]
        peers = arrangement != ISLANDS
        leaves_of = [Fleet(_names(f"team-{n}", size), capacity, behind, peers=peers) for n, size in enumerate(sizes)]
        self.fleets += leaves_of
        self.places = [(fleet, name) for fleet in leaves_of for name in fleet.replicas]

    def sent(self) -> list[int]:
        """Return the bytes that each replica has sent to others."""
        return [replica.sent for fleet in self.fleets for replica in fleet.replicas.values()]


def simulate(
    arrangement: str, count: int, capacity: int, asks: Sequence[Ask], said: Callable[[str], None] = lambda _: None
) -> Figures:
    """Let clients ask the replicas of an arrangement; a request goes to any replica, as through a Service."""
    said(f"{count} replicas, {arrangement}")
    world, chance = World(arrangement, count, capacity), random.Random(count)
    places = world.places
    for ask in asks:
        fleet, name = places[int(chance.random() * count)]
        fleet.ask(ask.at, ask.file, name)
    sent, leaves = world.sent(), {id(fleet): fleet for fleet, _ in places}.values()
    answered = sum(sum(fleet.outcomes.values()) for fleet in leaves)
    release, release_upstream = _release(arrangement, count, capacity)
    return Figures(
        arrangement,
        count,
        answered,
        world.upstream.requests,
        world.upstream.sent,
        sum(ask.file.size for ask in asks),
        sum(sent),
        world.bucket.requests if world.bucket else 0,
        max(sent) / (sum(sent) / len(sent)) if any(sent) else 1.0,
        release,
        release_upstream,
        _owner_microseconds(count) if arrangement == PEERS else 0.0,
    )


def _release(arrangement: str, count: int, capacity: int) -> tuple[int, int]:
    world, file = World(arrangement, count, capacity), large_file(TOOLCHAIN_BYTES)
    for fleet, name in world.places:
        fleet.ask(0.0, file, name)
    return max(world.sent()), world.upstream.requests


def _owner_microseconds(count: int) -> float:
    names = _names("team-a", count)
    begun = time.process_time()
    for number in range(_OWNERS_TIMED):
        owner_of(f"example.com/team/module{number}", names)
    return (time.process_time() - begun) / _OWNERS_TIMED * 1e6


def _names(fleet: str, count: int) -> list[str]:
    return [f"{fleet}-{number}" for number in range(count)]


def joined(count: int, capacity: int, workload: Workload) -> tuple[int, int]:
    """Let one more, empty replica join a warm fleet of `count`. Returns how many requests reached upstream in the whole
    of the same load again, and how many files that load had: lists that have grown old are not counted.
    """
    world = World(PEERS, count, capacity)
    fleet, chance = world.fleets[0], random.Random(count)
    asks = [ask for ask in workload.asks() if ask.file.request.target.immutable]
    for ask in asks:
        fleet.ask(ask.at, ask.file, chance.choice(list(fleet.replicas)))
    before = world.upstream.requests
    fleet.join(f"team-0-{count}")
    for ask in asks:
        fleet.ask(ask.at, ask.file, chance.choice(list(fleet.replicas)))
    return world.upstream.requests - before, len(asks)
