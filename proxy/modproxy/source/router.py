"""Which source a target belongs to: private modules to version control, answers of the checksum database to it, all
else to the chain of upstreams.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.sumdb import SumdbTarget, is_lookup_of
from modproxy.request import AnyTarget, Request
from modproxy.source.protocol import Fetched, NotFound, Source


class Router:
    """Sends each target to one of three sources. `private` patterns never reach `upstreams`, `unverified` ones never
    reach `sumdb`: the name alone would be a leak.
    """

    def __init__(
        self,
        upstreams: Source,
        version_control: Source,
        sumdb: Source,
        private: Sequence[Pattern],
        unverified: Sequence[Pattern],
    ) -> None:
        self._upstreams = upstreams
        self._version_control = version_control
        self._sumdb = sumdb
        self._private = private
        self._unverified = unverified

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Ask the source that is responsible."""
        async with self._source(request.target).fetch(request) as fetched:
            yield fetched

    def _source(self, target: AnyTarget) -> Source:
        if isinstance(target, SumdbTarget):
            if is_lookup_of(target, self._unverified):
                raise NotFound(f"{target.module} is private here: the checksum database is not asked about it")
            return self._sumdb
        return self._version_control if first_match(self._private, target.path) else self._upstreams
