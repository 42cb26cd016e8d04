"""What simulated clients ask for: modules with the sizes of real ones, popular by Zipf's law."""

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from modproxy.fleet.rendezvous import subject_of
from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import check_version
from modproxy.request import Request

SIZES = Path(__file__).with_name("sizes.txt")
"""Real modules: `MODULE@VERSION`, and the bytes of the list, the `.info`, the `.mod` and the zip."""
HOURS = 8
_VERSIONS = (("v1.2.0", 0.7), ("v1.1.0", 0.2), ("v1.0.0", 0.1))
"""The versions of a module, and how often each is asked for."""
_LIST_PART = 0.1
"""How often a module's list is asked for, as `go get -u` and bots do; builds ask for versions by name."""


@dataclass(frozen=True, slots=True, eq=False)
class File:
    """A file that clients ask for. There is one object for each file, so that objects are compared, and no contents."""

    request: Request
    subject: str
    """What decides who owns the file."""
    size: int


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of a client."""

    at: float
    """In seconds since the beginning."""
    file: File


class Workload:
    """Makes the requests of `clients` clients, of which each builds once, with `modules` modules in all.

    A build needs `needed` modules: popular ones more often (Zipf's law with the exponent 1).
    """

    def __init__(self, clients: int, modules: int, needed: int, seed: int = 1) -> None:
        self._clients, self._needed, self._seed = clients, needed, seed
        sizes = [tuple(map(int, line.split()[1:])) for line in SIZES.read_text().splitlines()]
        self._modules = [_module(number, *sizes[number % len(sizes)]) for number in range(modules)]
        self._popularity = list(accumulate(1 / (rank + 1) for rank in range(modules)))

    @property
    def total_bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size for files in self._modules for file in files)

    def asks(self) -> Iterator[Ask]:
        """Yield the requests in the order of time."""
        chance = random.Random(self._seed)
        times = sorted(chance.uniform(0, HOURS * 3600) for _ in range(self._clients))
        versions = list(accumulate(part for _, part in _VERSIONS))
        for at in times:
            for _ in range(self._needed):
                module = self._modules[bisect(self._popularity, chance.random() * self._popularity[-1])]
                if chance.random() < _LIST_PART:
                    yield Ask(at, module[0])
                number = bisect(versions, chance.random() * versions[-1])
                yield Ask(at, module[1 + 2 * number])
                yield Ask(at, module[2 + 2 * number])


def large_file(size: int) -> File:
    """Return one large zip, such as a release of Go, of which everybody hears at once."""
    path = check_path("golang.org/toolchain")
    return _file(Target(path, check_version(path, "v0.0.1-go1.26.0.linux-amd64"), Kind.ZIP), size)


def _module(number: int, listed: int, _info: int, mod: int, zipped: int) -> tuple[File, ...]:
    """Return the list of a module, and of each version the `.mod` and the zip."""
    path = check_path(f"example.com/team{number % 97}/module{number}")
    files = [_file(Target(path, "", Kind.LIST), listed)]
    for text, _ in _VERSIONS:
        version = check_version(path, text)
        files += [_file(Target(path, version, Kind.MOD), mod), _file(Target(path, version, Kind.ZIP), zipped)]
    return tuple(files)


def _file(target: Target, size: int) -> File:
    return File(Request(target), subject_of(target.key), size)
