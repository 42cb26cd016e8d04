"""What sync asks for on behalf of the fleet itself: lists anew, and files that nobody waits for.

`access` says what clients may do, and nothing of the fleet. All other rules hold: what no client may have
is not fetched.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from modproxy.cache.lookup import Cache
from modproxy.in_force import Rules
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import Pattern, parse_pattern
from modproxy.mod.semver_ranges import order_of
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, VersionError, check_version
from modproxy.policy.permissions import Permissions
from modproxy.request import Request
from modproxy.request_ids import REQUEST_IDS
from modproxy.server.decide.arrival import Arrival
from modproxy.server.obtaining import Obtained, Obtainer
from modproxy.source.protocol import NotFound, SourceError

log = logging.getLogger(__name__)


class SyncFiles:
    """Asks for files under the rules in force, which `rules` returns."""

    def __init__(self, obtainer: Obtainer, cache: Cache, rules: Callable[[], Rules]) -> None:
        self._obtainer = obtainer
        self._cache = cache
        self._in_force = rules
        self.counts: Counter[str] = Counter()
        """What came of the files that were asked for, by outcome, for metrics."""

    @property
    def rules(self) -> Rules:
        """The rules in force, as they are for the fleet itself."""
        rules = self._in_force()
        return replace(rules, permissions=Permissions(None, rules.config.fleet, rules.config.modules.contact))

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """What is kept complete."""
        sync = self._in_force().config.sync
        return tuple(map(parse_pattern, sync.modules)) if sync is not None else ()

    async def file(self, target: Target) -> Obtained:
        """Have one file fetched, unless it is held. Raises nothing but `CancelledError`."""
        arrival = Arrival("GET", target, id=REQUEST_IDS.next().decode("ascii"))
        found = await self._obtainer.obtain(arrival, self.rules)
        self.counts[found.outcome.value] += 1
        return found

    async def versions(self, path: ModulePath) -> list[Version] | None:
        """Ask for the list and for `@latest`, whatever their age. Returns the versions, newest first.

        Returns None for what is no module, and for a module that the fleet does not serve. Raises `SourceError`.
        """
        rules = self.rules
        if rules.policy.refuse_imposed(path) is not None or rules.policy.refuse_own(path) is not None:
            return None
        cache = rules.cache.model_copy(update={"list_ttl": 0.0, "stale_while_revalidate": 0.0})
        rules = replace(rules, cache=cache)
        try:
            body = await self._cache.read(Request(Target(path, "", Kind.LIST)), rules)
        except NotFound:
            return None
        try:
            await self._cache.read(Request(Target(path, "", Kind.LATEST)), rules)
        except SourceError as e:
            log.debug("%s: no @latest: %s", path, e.reason)
        found = []
        for line in body.decode(errors="replace").split():
            try:
                found.append(check_version(path, line))
            except VersionError:
                continue
        return sorted(found, key=order_of, reverse=True)
