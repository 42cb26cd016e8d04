"""The choice of the source for a target: version control for private modules, the checksum database for its own
answers, and the chain of upstreams for everything else.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.sumdb import SumdbTarget, is_lookup_of
from modproxy.request import AnyTarget, Request
from modproxy.source.protocol import Fetched, NotFound, Source


class Router:
    """Sends each request to one of three sources, so that the names of private modules reach no public server.

    Modules that match `private` never reach `upstreams`; modules that match `unverified` never reach `sumdb`.
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
        """Yield the answer of the chosen source. Raises `SourceError`."""
        async with self._source(request.target).fetch(request) as fetched:
            yield fetched

    def _source(self, target: AnyTarget) -> Source:
        if isinstance(target, SumdbTarget):
            if is_lookup_of(target, self._unverified):
                raise NotFound(f"{target.module} is private here: the checksum database is not asked about it")
            return self._sumdb
        return self._version_control if first_match(self._private, target.path) else self._upstreams
