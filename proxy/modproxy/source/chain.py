"""A GOPROXY chain as a source made of sources.

Source of the rules: `TryProxies` of cmd/go/internal/modfetch. After a comma only "not found" falls through, after `|`
any error does; of several errors the most telling one is reported.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from modproxy.mod.chain import EntryKind
from modproxy.source import Fetched, NotFound, Source, SourceError, Unavailable, Wanted


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the chain as a source."""

    kind: EntryKind
    source: Source
    fall_back_on_error: bool = False


class Chain:
    """Asks its links in order. A chain of none (all of them were this fleet itself) answers 508."""

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = tuple(links)

    @asynccontextmanager
    async def fetch(self, target: Wanted, via: str = "") -> AsyncIterator[Fetched]:
        """Give the first answer there is. Once it has begun, its breaking off is the caller's to see."""
        async with AsyncExitStack() as stack:
            yield await self._first(stack, target, via)

    async def _first(self, stack: AsyncExitStack, target: Wanted, via: str) -> Fetched:
        best: SourceError = Unavailable("every upstream that is configured is this fleet itself", status=508)
        best_rank = -1
        for link in self._links:
            try:
                return await stack.enter_async_context(link.source.fetch(target, via))
            except SourceError as error:
                absent = isinstance(error, NotFound)
                rank = 2 if link.kind is EntryKind.DIRECT else 0 if absent else 1
                if rank >= best_rank:
                    best, best_rank = error, rank
                if not absent and not link.fall_back_on_error:
                    break
        raise best


class Refusing:
    """A source that has nothing: stands for `off`, and for what is not built yet."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @asynccontextmanager
    async def fetch(self, target: Wanted, via: str = "") -> AsyncIterator[Fetched]:
        """Say that there is no such thing, and why."""
        raise NotFound(f"{target}: {self._reason}")
        yield  # pragma: no cover - makes this a generator
