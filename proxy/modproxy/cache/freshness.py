"""How a request is answered, decided by whether a stored answer exists and how old it is. Pure.

Immutable files are fresh for ever. Lists, `@latest` and queries are fresh for `list_ttl`. For `stale_while_revalidate`
after that, the stored answer is served while a new one is fetched behind it. Later a request waits for the fetch, and
gets the stored answer only if the fetch fails, until `stale_if_error` after `list_ttl` has passed. A 404 or 410 is
remembered for `not_found_ttl`; an outage is never remembered.
"""

import math
from enum import Enum, auto

from modproxy.contract.config import CacheConfig
from modproxy.request import AnyTarget, Request


class Course(Enum):
    """How a request is answered."""

    GIVE = auto()
    """Serve the stored answer: it is fresh."""
    GIVE_OLD = auto()
    """Serve the stored answer, though it is old: the request allows no fetch."""
    GIVE_OLD_AND_REFRESH = auto()
    """Serve the stored answer, and fetch a newer one behind it."""
    FETCH_OR_GIVE_OLD = auto()
    """Wait for a fetch, and serve the stored answer if the fetch fails."""
    FETCH = auto()
    """Wait for a fetch."""
    SAY_ABSENT = auto()
    """Answer that nothing is stored: the request allows no fetch."""


def is_fresh(target: AnyTarget, age: float, config: CacheConfig) -> bool:
    """Say whether a stored answer may be served without a fetch. `age` is in seconds."""
    return target.immutable or age <= config.list_ttl


def fresh_until(target: AnyTarget, fetched: float, config: CacheConfig) -> float:
    """Return until when `is_fresh` holds for an answer that was fetched at a time, both in seconds since the epoch."""
    return math.inf if target.immutable else fetched + config.list_ttl


def course(request: Request, age: float | None, config: CacheConfig) -> Course:
    """Decide how the request is answered. `age` is in seconds since the stored answer was fetched; None without one."""
    if age is None:
        return Course.SAY_ABSENT if request.cached_only else Course.FETCH
    if is_fresh(request.target, age, config):
        return Course.GIVE
    if request.cached_only:
        return Course.GIVE_OLD
    overdue = age - config.list_ttl
    if overdue <= config.revalidation_seconds:
        return Course.GIVE_OLD_AND_REFRESH
    return Course.FETCH_OR_GIVE_OLD if overdue <= config.stale_if_error else Course.FETCH
