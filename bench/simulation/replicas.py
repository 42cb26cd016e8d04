"""Simulated replicas: what each holds, and whom it asks. Which replica owns a file, and whether a stored file is fresh,
is decided by the product's own code.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from bench.simulation.workload import File
from modproxy.cache.freshness import Course, course, is_fresh
from modproxy.contract.config import CacheConfig
from modproxy.fleet.rendezvous import ranked

CONFIG = CacheConfig()
_OFTEN_ASKED = 1 << 20
"""How many owners are remembered: the simulation asks for them millions of times."""
_ASKED_RANKS = 2
"""An owner asks the runner-up for what it does not hold itself."""


class Upstream:
    """What is outside of all fleets: it counts what it is asked for."""

    def __init__(self) -> None:
        self.requests = 0
        self.sent = 0

    def fetch(self, _at: float, file: File) -> float:
        """Give the file. Returns its age in seconds."""
        self.requests += 1
        self.sent += file.size
        return 0.0


class Bucket:
    """An object store in front of upstream: it keeps everything, and lists for as long as they are fresh."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._held: dict[File, float] = {}
        self.requests = 0

    def fetch(self, at: float, file: File) -> float:
        """Give the file. Returns its age in seconds."""
        self.requests += 1
        held = self._held.get(file)
        if held is not None and is_fresh(file.request.target, at - held, CONFIG):
            return at - held
        age = self._upstream.fetch(at, file)
        self._held[file] = at - age
        return age


class Replica:
    """One replica: its disk of `capacity` bytes, from which copies go first, and each group least recently used first.

    The watermarks are those of the product.
    """

    def __init__(self, name: str, capacity: int) -> None:
        self.name = name
        self._capacity = capacity
        self._own: OrderedDict[File, float] = OrderedDict()
        self._copies: OrderedDict[File, float] = OrderedDict()
        self.used = 0
        self.sent = 0
        """Bytes to other replicas."""
        self.asked = 0
        """Requests of other replicas."""

    def age(self, at: float, file: File) -> float | None:
        """Return how long ago a file was fetched that is held, and note that the file is used; else None."""
        for held in (self._own, self._copies):
            fetched = held.get(file)
            if fetched is not None:
                held.move_to_end(file)
                return at - fetched
        return None

    def keep(self, file: File, fetched: float, *, copy: bool) -> None:
        """Keep a file, and remove others where the disk is full."""
        if self._own.pop(file, None) is None and self._copies.pop(file, None) is None:
            self.used += file.size
        (self._copies if copy else self._own)[file] = fetched
        if self.used > self._capacity * CONFIG.high_watermark_percent / 100:
            for held in (self._copies, self._own):
                while held and self.used > self._capacity * CONFIG.low_watermark_percent / 100:
                    gone, _ = held.popitem(last=False)
                    self.used -= gone.size


class Fleet:
    """One fleet: `names` are its replicas, which share what they hold (`peers`), in front of `behind`."""

    def __init__(
        self, names: Sequence[str], capacity: int, behind: "Upstream | Bucket | Fleet", *, peers: bool
    ) -> None:
        self.replicas = {name: Replica(name, capacity) for name in names}
        self._names = tuple(names)
        self._capacity = capacity
        self._behind = behind
        self._peers = peers
        self._chance = Random(len(names))
        self._order = lru_cache(_OFTEN_ASKED)(self._ranked)
        self.outcomes: Counter[str] = Counter()
        """How requests of clients were answered: hit, stale, peer, miss."""

    def join(self, name: str) -> None:
        """Let an empty replica join the fleet."""
        self.replicas[name] = Replica(name, self._capacity)
        self._names = (*self._names, name)
        self._order.cache_clear()

    def _ranked(self, subject: str) -> list[str]:
        return ranked(subject, self._names)[:_ASKED_RANKS]

    def fetch(self, at: float, file: File) -> float:
        """Give a file to a fleet that has this one as its parent, by some replica. Returns its age in seconds."""
        return self.ask(at, file, self._names[int(self._chance.random() * len(self._names))])

    def ask(self, at: float, file: File, name: str) -> float:
        """Answer a client's request at the replica `name`. Returns the age of the answer in seconds."""
        replica = self.replicas[name]
        age = replica.age(at, file)
        match course(file.request, age, CONFIG):
            case Course.GIVE if age is not None:
                self.outcomes["hit"] += 1
                return age
            case Course.GIVE_OLD_AND_REFRESH if age is not None:
                self.outcomes["stale"] += 1
                self._fetch(at, file, replica)
                return age
            case _:
                newer, outcome = self._fetch(at, file, replica)
                self.outcomes[outcome] += 1
                return newer

    def _fetch(self, at: float, file: File, replica: Replica) -> tuple[float, str]:
        """Have a replica fetch a file. Returns the age of the answer, and whether a peer had it."""
        order = self._order(file.subject) if self._peers else [replica.name]
        owner = self.replicas[order[0]]
        if owner is not replica:
            age, outcome = self._from_owner(at, file, owner, order)
            owner.sent += file.size
            owner.asked += 1
            replica.keep(file, at - age, copy=True)
            return age, outcome
        return self._by_owner(at, file, owner, order)

    def _from_owner(self, at: float, file: File, owner: Replica, order: list[str]) -> tuple[float, str]:
        age = owner.age(at, file)
        if age is not None and is_fresh(file.request.target, age, CONFIG):
            return age, "peer"
        return self._by_owner(at, file, owner, order)

    def _by_owner(self, at: float, file: File, owner: Replica, order: list[str]) -> tuple[float, str]:
        for name in order[1:]:
            runner_up = self.replicas[name]
            runner_up.asked += 1
            age = runner_up.age(at, file)
            if age is not None and is_fresh(file.request.target, age, CONFIG):
                runner_up.sent += file.size
                owner.keep(file, at - age, copy=False)
                return age, "peer"
        age = self._behind.fetch(at, file)
        owner.keep(file, at - age, copy=False)
        return age, "miss"
