"""The refusal of modules whose host has a private address, for modules that a chain leads to `direct`.

Whoever may ask for modules could otherwise make a replica contact the hosts of its own network by their names. The
check comes before the fetch, and again for the host of the repository that a go-import page names (`vcs.broker`). What
it cannot see are redirects of a page or a repository, and a name whose addresses change between the check and the
fetch, because the go command and git resolve names themselves.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modproxy.mod.target import Target
from modproxy.request import Request
from modproxy.source.protocol import Denied, Fetched, Source
from modproxy.source.way_out.hops import Hops


class PublicOnly:
    """Passes requests on to version control, except for modules of private hosts that the config does not name."""

    def __init__(self, source: Source, hops: Hops) -> None:
        self._source = source
        self._hops = hops

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the wrapped source's answer. Raises `Denied` for a module of a private host, and `SourceError`."""
        target = request.target
        if isinstance(target, Target) and not await self._hops.may_fetch_directly(target.path):
            host = target.path.partition("/")[0]
            raise Denied(
                f"{target}: {host} has no public address, and the fleet fetches nothing directly from there: name the "
                "module in upstream.goprivate, or set upstream.allowPrivateTargets",
                cause=f"direct {host} private",
            )
        async with self._source.fetch(request) as fetched:
            yield fetched
