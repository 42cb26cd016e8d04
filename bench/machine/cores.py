"""Which core the server has, and which one its clients and upstreams have."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Names the two cores by the kernel's numbers; None where processes cannot be bound to cores."""

    server: int | None
    load: int | None

    @property
    def note(self) -> str:
        """Say what the reader of a figure has to know of the cores."""
        if self.server is None:
            return "processes are not bound to cores: the system offers no call for it"
        if self.server == self.load:
            return "one core for the server and its clients: times are longer than with two, CPU seconds hardly"
        return f"the server is bound to core {self.server}, clients and upstreams to core {self.load}"


def choose(allowed: set[int] | None) -> Cores:
    """Choose from the cores that this process may use. The first takes most interrupts, so that clients get it."""
    if not allowed:
        return Cores(None, None)
    ordered = sorted(allowed)
    return Cores(ordered[-1], ordered[0])


ALL = Cores(None, None)
"""For measurements of time: a server may use all cores then, and so may its clients."""
CORES = choose(os.sched_getaffinity(0) if sys.platform == "linux" else None)


@contextmanager
def bound(core: int | None) -> Iterator[None]:
    """Bind this thread to a core meanwhile: what is started then is born there and stays there, with all its threads.

    A Go program counts its cores at the start, so that binding it later would be too late.
    """
    if sys.platform != "linux" or core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
