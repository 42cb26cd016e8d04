"""The answer to `@latest` for an upstream that has none: the `.info` of the newest version of its list.

Source of the rules: `Latest` and `latestFromList` of cmd/go/internal/modfetch. The list is read as upstream sends it,
with its pseudo-versions.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from modproxy.mod.answer import largest_answer
from modproxy.mod.latest import latest_of
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import VersionError, check_version
from modproxy.request import Request
from modproxy.source.checked import off_the_loop, read_small
from modproxy.source.protocol import Fetched, NotFound, Source


class LatestFromList:
    """Answers `@latest` from the list of another source where that source has no `@latest` itself."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the wrapped source's answer, or the `.info` of its newest version. Raises `SourceError`."""
        async with AsyncExitStack() as stack:
            yield await self._answer(stack, request)

    async def _answer(self, stack: AsyncExitStack, request: Request) -> Fetched:
        try:
            return await stack.enter_async_context(self._source.fetch(request))
        except NotFound as absent:
            target = request.target
            if not isinstance(target, Target) or target.kind is not Kind.LATEST:
                raise
            info = await self._newest(target, request)
            if info is None:
                raise absent from None
        return await stack.enter_async_context(self._source.fetch(replace(request, target=info)))

    async def _newest(self, target: Target, request: Request) -> Target | None:
        try:
            async with self._source.fetch(replace(request, target=Target(target.path, "", Kind.LIST))) as fetched:
                body = await read_small(fetched, largest_answer(Kind.LIST))
        except NotFound:
            return None
        version = await off_the_loop(latest_of, body)
        try:
            return None if version is None else Target(target.path, check_version(target.path, version), Kind.INFO)
        except VersionError:
            return None
