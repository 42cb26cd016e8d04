"""Which server answers for a checksum database: the first upstream proxy that says it does, else the database's own.

Source of the rules: `dbClient` of cmd/go/internal/modfetch.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from modproxy.mod.sumdb import Database, SumdbTarget, supported_target
from modproxy.mod.target import Kind
from modproxy.request import Request
from modproxy.source.checked import read_small
from modproxy.source.object_store import DatabaseShelf
from modproxy.source.protocol import Fetched, NotFound, Source, SourceError, Unavailable
from modproxy.source.shared_tasks import SharedTasks

LARGEST = {Kind.LOOKUP: 64 << 10, Kind.TREE: 64 << 10, Kind.TILE: 1 << 20}
"""In bytes: a hundred times what a record and a tree head have. A tile has at most 8 KiB of hashes, or the texts of 256
records.
"""
_CHOICE_SECONDS = 600.0
"""How long it is remembered which server serves the database."""


@dataclass(frozen=True, slots=True)
class DatabaseProxy:
    """Stands for an upstream proxy that may serve the database."""

    source: Source
    fall_back_on_error: bool = False
    """Whether any error leads to the next proxy, and not only "not found"."""


class DatabaseServer:
    """Asks the first of `proxies` that serves the database, else `itself`, the database's own server.

    `first` puts the parent in front of them, if there is one. `shelf` has what the object store has of the database.
    `shelf_first` says that no upstream is asked: then the tree head comes from the shelf too, if one was imported.
    """

    def __init__(
        self,
        database: Database,
        proxies: Sequence[DatabaseProxy],
        itself: Source,
        first: Callable[[Source], Source] = lambda source: source,
        shelf: DatabaseShelf | None = None,
        *,
        shelf_first: bool = False,
    ) -> None:
        self._shelf_first = shelf_first
        self._shelf = shelf
        self._source = first(self)
        self.name = database.name
        self._proxies = () if database.explicit else proxies
        self._itself = itself
        self._chosen: tuple[float, Source] | None = None
        self._choices = SharedTasks[tuple[str, bool], Source]()
        """By Via header, and whether another replica may be asked: two replicas could otherwise wait for each other."""
        self.ask_fleet: Callable[[str], Awaitable[str]] | None = None
        """Asks another replica, with a Via header, which server it has chosen. Returns an empty text for no answer."""
        self.owns_choice: Callable[[], bool] = lambda: True
        """Says whether this replica chooses for the fleet."""
        self.asked = 0
        """How many answers were asked for."""

    async def ask(self, request: Request) -> bytes:
        """Return what the object store has or the server answers, unverified. Raises `SourceError`.

        The newest tree head comes from the object store only while the server gives none. It is signed too.
        """
        target, shelf = request.target, self._shelf
        if shelf is None or not isinstance(target, SumdbTarget):
            return await self._ask_server(request)
        if self._shelf_first and (body := await shelf.read(target, in_outage=True)) is not None:
            return body
        if target.immutable and (body := await shelf.read(target)) is not None:
            return body
        try:
            return await self._ask_server(request)
        except Unavailable:
            if (body := await shelf.read(target, in_outage=True)) is not None:
                return body
            raise

    async def _ask_server(self, request: Request) -> bytes:
        """Return what the server answers, unverified. Raises `SourceError`, for an answer that is too large too."""
        self.asked += 1
        largest = LARGEST[request.target.kind]
        async with self._source.fetch(request) as fetched:
            body = await read_small(fetched, largest)
        if len(body) > largest:
            raise Unavailable(f"{request.target}: the answer is larger than {largest} bytes")
        return body

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer of the server that serves the database. Raises `SourceError`."""
        server = await self._server(request.via)
        async with server.fetch(request) as fetched:
            yield fetched

    async def choice(self, via: str) -> str:
        """Return which server is chosen, in words that another replica of the same config understands."""
        chosen = await self._server(via, alone=True)
        sources = [proxy.source for proxy in self._proxies]
        return f"{sources.index(chosen) if chosen in sources else len(sources)} of {len(sources)}"

    async def _server(self, via: str, *, alone: bool = False) -> Source:
        if self._chosen is not None and time.monotonic() - self._chosen[0] < _CHOICE_SECONDS:
            return self._chosen[1]
        alone = alone or self.owns_choice()
        return await self._choices.result((via, alone), partial(self._choose, via, alone=alone))

    async def _choose(self, via: str, *, alone: bool) -> Source:
        told = await self.ask_fleet(via) if self.ask_fleet is not None and self._proxies and not alone else ""
        chosen = self._told(told) or await self._first_that_serves(via) or self._itself
        self._chosen = time.monotonic(), chosen
        return chosen

    def _told(self, choice: str) -> Source | None:
        """Return the server that another replica has chosen; None where its words mean nothing here."""
        sources = [*(proxy.source for proxy in self._proxies), self._itself]
        named = (source for number, source in enumerate(sources) if choice == f"{number} of {len(self._proxies)}")
        return next(named, None)

    async def _first_that_serves(self, via: str) -> Source | None:
        question = Request(supported_target(self.name), via=via)
        for proxy in self._proxies:
            try:
                async with proxy.source.fetch(question):
                    return proxy.source
            except NotFound:
                continue
            except SourceError:
                if not proxy.fall_back_on_error:
                    raise
        return None
