"""A GOPROXY chain as a source made of sources.

Source of the rules: `TryProxies` of cmd/go/internal/modfetch. After an entry with a comma, only "not found" leads to
the next entry; after an entry with `|`, any error does. Of several errors, the one of `direct` is reported, else the
last error other than "not found", else the last one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from modproxy.mod.chain import EntryKind
from modproxy.request import Request
from modproxy.source.protocol import Fetched, NotFound, Source, SourceError, Unavailable


@dataclass(frozen=True, slots=True)
class Link:
    """Stands for one entry of the chain."""

    kind: EntryKind
    source: Source
    fall_back_on_error: bool = False
    """Whether any error leads to the next entry, and not only "not found"."""


class Chain:
    """Asks the entries of a GOPROXY in their order.

    An empty chain answers 508, because all its entries were this fleet.
    """

    def __init__(self, links: Sequence[Link]) -> None:
        self._links = tuple(links)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the first answer. Raises `SourceError` when no entry has one."""
        async with AsyncExitStack() as stack:
            yield await self._first(stack, request)

    async def _first(self, stack: AsyncExitStack, request: Request) -> Fetched:
        best: SourceError = Unavailable("every upstream that is configured is this fleet itself", status=508)
        best_rank, passed_by_a_loop = -1, False
        for link in self._links:
            try:
                fetched = await stack.enter_async_context(link.source.fetch(request))
                return replace(fetched, keep=False) if passed_by_a_loop else fetched
            except SourceError as error:
                # The client may have written the Via header in which this entry has seen a loop. What a later entry
                # says is then for this client alone.
                passed_by_a_loop |= bool(request.via) and error.status == HTTPStatus.LOOP_DETECTED
                absent = isinstance(error, NotFound)
                rank = 2 if link.kind is EntryKind.DIRECT else 0 if absent else 1
                if rank >= best_rank:
                    best, best_rank = error, rank
                if not absent and not link.fall_back_on_error:
                    break
        raise best
