"""The tiles of a checksum database. A tile is kept only after a proof has used it.

A tile has no signature, and nobody sees of one tile alone whether it is right. Therefore a tile that a server sends is
held in memory until a proof has led from its hashes to the signed root. A held tile that a proof refutes is asked for
again, so that one bad answer harms one request and nothing after it.

Source of the rules: `tileReader` of golang.org/x/mod/sumdb, and `TileHashReader` of its tlog.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from modproxy.mod.sumdb import Database, SumdbTarget, tile_target
from modproxy.mod.tlog import LogError, Proof, Tile, Tree, holds, tiles_needed
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import AnyTarget
from modproxy.source.protocol import NotFound, Unavailable

Ask = Callable[[SumdbTarget, str], Awaitable[bytes]]
"""Asks the server for an answer of the database, which nobody has verified, with a Via header. Raises `SourceError`."""


class DatabaseCache(Protocol):
    """The answers of a checksum database that the cache has."""

    async def read(self, target: AnyTarget, via: str) -> bytes:
        """Return an answer, which is fetched with this Via header where it is not held. Raises `SourceError`."""
        ...

    async def held(self, target: SumdbTarget) -> bytes | None:
        """Return an answer that is held; None when it is not."""
        ...

    async def keep(self, target: SumdbTarget, body: bytes, voucher: str) -> None:
        """Hold an answer that was proved, in place of the one that is held."""
        ...


class Tiles:
    """Reads tiles of one database, and proves each. Proofs that need the same tile at once share one request."""

    def __init__(self, database: Database, ask: Ask, cache: DatabaseCache) -> None:
        self._database = database.name
        self._voucher = voucher(CameFrom.DATABASE, database.id)
        self._ask = ask
        self._cache = cache
        self._under_way: dict[tuple[Tile, str], asyncio.Task[bytes]] = {}
        """Requests that have passed other proxies are not shared, because two of them may wait for each other."""

    async def proved(self, tree: Tree, proof: Proof, via: str) -> Mapping[Tile, bytes]:
        """Return the tiles that a proof needs, after it has shown that they are the tree's.

        Raises `LogError` when the server sends twice what the proof refutes, and `Unavailable`.
        """
        needed = tiles_needed(tree, proof)
        kept = {tile: body for tile in needed if (body := await self._held(tile)) is not None}
        sent = await self._fetch([tile for tile in needed if tile not in kept], via)
        if not holds(tree, proof, kept | sent):
            kept, sent = {}, await self._fetch(list(needed), via)
            if not holds(tree, proof, sent):
                raise LogError(f"its tiles are not those of the signed tree of {tree.size}")
        for tile, body in sent.items():
            await self._cache.keep(tile_target(self._database, tile.path), body, self._voucher)
        return kept | sent

    async def _held(self, tile: Tile) -> bytes | None:
        body = await self._cache.held(tile_target(self._database, tile.path))
        return body if body is not None and len(body) == tile.size else None

    async def _fetch(self, tiles: Sequence[Tile], via: str) -> dict[Tile, bytes]:
        bodies = await asyncio.gather(*(self._shared(tile, via) for tile in tiles))
        return dict(zip(tiles, bodies, strict=True))

    async def _shared(self, tile: Tile, via: str) -> bytes:
        key = tile, via
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._request(tile, via), name=f"fetch {tile.path}")
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
            # When everybody who waits has left, nobody reads the error of the task.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _request(self, tile: Tile, via: str) -> bytes:
        """Ask for a tile, and for the full tile when there is no partial one any more."""
        for path in dict.fromkeys((tile.path, tile.full.path)):
            try:
                return (await self._ask(tile_target(self._database, path), via))[: tile.size]
            except NotFound:
                continue
        raise Unavailable(f"checksum database {self._database} has no {tile.path}, which its tree needs")
