"""The tiles of a checksum database. A tile is kept only after a proof has used it.

A tile has no signature, and nobody sees of one tile alone whether it is right. Therefore a tile that a server sends is
held in memory until a proof has led from its hashes to the signed root. A held tile that a proof refutes is asked for
again, so that one bad answer harms one request and nothing after it.

Source of the rules: `tileReader` of golang.org/x/mod/sumdb, and `TileHashReader` of its tlog.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from modproxy.mod.sumdb import Database, SumdbTarget, tile_target
from modproxy.mod.tlog import LogError, Proof, Tile, TileHashes, Tree, holds, tiles_needed
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import AnyTarget
from modproxy.source.protocol import NotFound, SourceError, Unavailable

_REMEMBERED_BYTES = 1 << 20
"""The memory for tiles that were proved: 64 full tiles with the hashes above theirs. Nearly every proof needs the few
tiles at the top of the tree; of the tiles below them there are too many to remember.
"""

Ask = Callable[[SumdbTarget, str, bool], Awaitable[bytes]]
"""Asks for an answer of the database, which nobody has verified, with a Via header, and says whether only the server's
own answer counts. Raises `SourceError`.
"""


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


_Read = tuple[TileHashes, bool]
"""A tile, and whether the server has sent it just now."""
_Key = tuple[Tile, str, bool]


@dataclass(slots=True)
class _Reading:
    """A tile that is read, and how many proofs need it."""

    task: asyncio.Task[_Read]
    proofs: int = 0


class Tiles:
    """Reads tiles of one database, and proves each. Proofs that need the same tile at once share one request."""

    def __init__(self, database: Database, ask: Ask, cache: DatabaseCache) -> None:
        self._database = database.name
        self._voucher = voucher(CameFrom.DATABASE, database.id)
        self._ask = ask
        self._cache = cache
        self._proved = _ProvedTiles()
        self._readings: dict[_Key, _Reading] = {}

    async def proved(self, tree: Tree, proof: Proof, via: str) -> Mapping[Tile, TileHashes]:
        """Return the tiles that a proof needs, after it has shown that they are the tree's.

        Raises `LogError` when the server sends twice what the proof refutes, and `Unavailable`.
        """
        needed = tiles_needed(tree, proof)
        have = {tile: hashes for tile in needed if (hashes := self._proved.get(tile)) is not None}
        with self._reading([tile for tile in needed if tile not in have], via, again=False) as readings:
            read = await _results(readings)
            have |= {tile: hashes for tile, (hashes, _) in read.items()}
            if holds(tree, proof, have):
                await self._note(have, read)
                return have
        with self._reading(list(needed), via, again=True) as readings:
            read = await _results(readings)
            have = {tile: hashes for tile, (hashes, _) in read.items()}
            if holds(tree, proof, have):
                await self._note(have, read)
                return have
        raise LogError(f"its tiles are not those of the signed tree of {tree.size}")

    async def _note(self, proved: Mapping[Tile, TileHashes], read: Mapping[Tile, _Read]) -> None:
        """Remember tiles that were proved, and have the cache keep those of them that the server has sent."""
        # All are remembered before anything is waited for, so that of proofs that share a tile only the first keeps it.
        new = [tile for tile, (_, sent) in read.items() if sent and self._proved.get(tile) is not proved[tile]]
        for tile, hashes in proved.items():
            self._proved.put(tile, hashes)
        await asyncio.gather(*(self._keep(tile, proved[tile].body) for tile in new))

    async def _keep(self, tile: Tile, body: bytes) -> None:
        await self._cache.keep(tile_target(self._database, tile.path), body, self._voucher)

    @contextmanager
    def _reading(self, tiles: Sequence[Tile], via: str, *, again: bool) -> Iterator[Mapping[Tile, asyncio.Task[_Read]]]:
        """Share the reading of tiles with all proofs that need them now, until the last of these proofs is done.

        `again` says that only the server's own answer counts. Requests that have passed other proxies are not shared,
        because two of them may wait for each other.
        """
        keys = [(tile, via, again) for tile in tiles]
        for key in keys:
            if key not in self._readings:
                task = asyncio.create_task(self._read(*key), name="read a tile")
                # When everybody who waits has left, nobody reads the error of the task.
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
                self._readings[key] = _Reading(task)
            self._readings[key].proofs += 1
        try:
            yield {key[0]: self._readings[key].task for key in keys}
        finally:
            for key in keys:
                self._readings[key].proofs -= 1
                if not self._readings[key].proofs:
                    del self._readings[key]

    async def _read(self, tile: Tile, via: str, again: bool) -> _Read:
        """Return a tile that is held, or ask for it, and for the full tile when there is no partial one any more."""
        if not again:
            body = await self._cache.held(tile_target(self._database, tile.path))
            if body is not None and len(body) == tile.size:
                return TileHashes(body), False
        try:
            return await self._sent(tile, tile, via, again=again), True
        except NotFound:
            pass
        try:
            return await self._sent(tile.full, tile, via, again=again), True
        except NotFound:
            reason = f"checksum database {self._database} has no {tile.path}, which its tree needs"
            raise Unavailable(reason) from None

    async def _sent(self, asked: Tile, tile: Tile, via: str, *, again: bool) -> TileHashes:
        """Ask for a tile, and return the part of it that belongs to `tile`."""
        return TileHashes((await self._ask(tile_target(self._database, asked.path), via, again))[: tile.size])


async def _results(readings: Mapping[Tile, asyncio.Task[_Read]]) -> dict[Tile, _Read]:
    try:
        bodies = await asyncio.gather(*map(asyncio.shield, readings.values()))
    except SourceError as e:
        # The error is copied, because an exception that many tasks raise would collect all their tracebacks.
        raise copy.copy(e) from None
    return dict(zip(readings, bodies, strict=True))


class _ProvedTiles:
    """Remembers tiles that were proved lately. Nearly all proofs need the upper tiles of the tree."""

    def __init__(self) -> None:
        self._tiles: dict[Tile, TileHashes] = {}
        """The tile that was used last comes last."""
        self._bytes = 0

    def get(self, tile: Tile) -> TileHashes | None:
        found = self._tiles.pop(tile, None)
        if found is not None:
            self._tiles[tile] = found
        return found

    def put(self, tile: Tile, hashes: TileHashes) -> None:
        self._forget(tile)
        self._tiles[tile] = hashes
        self._bytes += hashes.size
        while self._bytes > _REMEMBERED_BYTES:
            self._forget(next(iter(self._tiles)))

    def _forget(self, tile: Tile) -> None:
        old = self._tiles.pop(tile, None)
        if old is not None:
            self._bytes -= old.size
