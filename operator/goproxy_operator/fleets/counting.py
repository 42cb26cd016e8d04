"""How much a fleet uses its modules: the counts of its replicas together. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from modproxy.contract.top import Top

SORTS = ("requests", "bytes", "age")


@dataclass(frozen=True, slots=True)
class Use:
    """How much one module is used."""

    module: str
    requests: int
    """About so many: at most `surplus` too many."""
    surplus: int
    bytes: int
    last_used: float
    """Seconds since the epoch."""
    replicas: int = 1
    """How many replicas counted it."""


def summed(tops: Iterable[Top], *, by: str, limit: int) -> tuple[Use, ...]:
    """Return the first `limit` modules of all replicas: the most used, the most bytes, or the oldest use first."""
    found: dict[str, Use] = {}
    for top in tops:
        for one in top.modules:
            use = Use(one.module, one.requests, one.surplus, one.bytes, one.last_used)
            before = found.get(one.module)
            found[one.module] = use if before is None else _both(before, use)
    keys = {"requests": lambda use: -use.requests, "bytes": lambda use: -use.bytes, "age": lambda use: use.last_used}
    return tuple(sorted(found.values(), key=lambda use: (keys[by](use), use.module))[:limit])


def _both(one: Use, other: Use) -> Use:
    return replace(
        one,
        requests=one.requests + other.requests,
        surplus=one.surplus + other.surplus,
        bytes=one.bytes + other.bytes,
        last_used=max(one.last_used, other.last_used),
        replicas=one.replicas + 1,
    )
