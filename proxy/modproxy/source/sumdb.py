"""A checksum database as a source. Its answers are verified by its signature and its tree.

Source of the rules: `Client` of golang.org/x/mod/sumdb.
"""

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from modproxy.contract.report import Role
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.sumdb import Database, SumdbTarget
from modproxy.mod.target import Kind
from modproxy.mod.tlog import (
    LogError,
    Tile,
    Tree,
    contains,
    covers,
    divided,
    extends,
    hashes_in,
    parse_record,
    parse_tile,
    parse_tree,
    record_hash,
    tile_in,
)
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import Request
from modproxy.source.outages import Failure, Outages, Place
from modproxy.source.protocol import Fetched, Mismatch, SourceError, Tier, Unavailable, once
from modproxy.source.remedies import remedy_for
from modproxy.source.shared_database import SharedDatabase
from modproxy.source.shared_tasks import SharedTasks
from modproxy.source.tiles import DatabaseCache, Tiles
from modproxy.source.tree_heads import TreeHeads

_MOST_OPENED = 64
"""Tree heads of less than a kilobyte."""
_NO_TREE = Tree(0, b"")

log = logging.getLogger(__name__)


class SumdbSource:
    """Answers `SumdbTarget`s of one database, each after its verification.

    `answers` asks for them, and `cache` has those that were verified before.
    """

    def __init__(
        self,
        database: Database,
        answers: SharedDatabase,
        heads: TreeHeads,
        cache: DatabaseCache,
        *,
        outages: Outages | None = None,
        saw: Callable[[int], None] = lambda _size: None,
    ) -> None:
        self._saw = saw
        """Is told the size of each tree head that was proved to be of the database's one log."""
        self._outages = outages or Outages()
        self._place = Place(Role.DATABASE, database.name)
        self._database = database
        self._answers = answers
        self._heads = heads
        self._cache = cache
        self._tiles = Tiles(database, self._ask, cache)
        self._first_heads = SharedTasks[str, Tree | None]()
        """By Via header: requests that have passed other proxies are not shared, because two of them may wait for each
        other.
        """
        self._opened: dict[bytes, Tree] = {}
        """Tree heads whose signatures were verified lately."""
        self._newer: tuple[int, bytes] = 0, b""
        """The largest signed tree head that came with a record, and its size. Clients may ask for tiles of it."""

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield a verified answer. Raises `SourceError`: `Mismatch` for an answer that the verification refutes."""
        target = request.target
        if not isinstance(target, SumdbTarget):
            raise TypeError(f"{target} is none of a checksum database")
        asked, age = self._answers.server.asked, 0.0
        try:
            tile = parse_tile(target.path) if target.kind is Kind.TILE else None
            body = await self._tile(tile, request.via) if tile is not None else None
            proved = body is not None or target.kind is not Kind.TILE
            if body is None:
                if target.kind is Kind.LOOKUP and self._kept() is None:
                    self._first_heads.begin(request.via, partial(self._known, request.via))
                raw = await self._answers.ask(request)
                body = await self._verified(target, raw.body, request.via)
                age = time.monotonic() - raw.learnt if body == raw.body else 0.0
        except (NoteError, LogError) as e:
            self._outages.failed(self._place, self._refuted(e))
            raise Mismatch(f"{target}: the answer of checksum database {self._database.name} is refused: {e}") from None
        self._outages.answered(self._place)
        origin, vouched = f"checksum database {self._database.name}", voucher(CameFrom.DATABASE, self._database.id)
        # What other requests have asked for meanwhile may count here too: then a hit counts as a miss.
        within = self._answers.shared and self._answers.server.asked == asked
        tier = Tier.PEER if within else Tier.UPSTREAM
        yield Fetched(
            once(body), len(body), origin, vouched, keep=proved, tier=tier, copy=within, age=age if within else 0.0
        )

    def _refuted(self, error: NoteError | LogError) -> Failure:
        words = f"gives answers that are refused: {error}"
        return Failure("signature", words, remedy_for(Role.DATABASE, "signature"), again=self._ask_again)

    async def _ask_again(self) -> None:
        """Ask for the tree head, and note whether it is signed as the config says."""
        with contextlib.suppress(SourceError):
            async with self.fetch(Request(SumdbTarget(self._database.name, "latest", Kind.TREE))):
                pass

    async def _ask(self, target: SumdbTarget, via: str, anew: bool) -> bytes:
        return (await self._answers.ask(Request(target, via=via), anew=anew)).body

    async def _verified(self, target: SumdbTarget, body: bytes, via: str) -> bytes:
        """Return the answer, after it was proved. Of tree heads, the newest that is known is returned.

        Tiles that no proof reads come back as they are. Raises `NoteError` and `LogError`.
        """
        if target.kind is Kind.TREE:
            return (await self._newest(body, via))[1]
        if target.kind is Kind.LOOKUP:
            await self._verify_record(body, via)
        return body

    async def _verify_record(self, body: bytes, via: str) -> None:
        record = parse_record(body)
        tree = self._open(record.tree_note)
        if record.number >= tree.size:
            raise LogError("its tree head is older than its record")
        if tree.size > self._newer[0]:
            self._newer = tree.size, record.tree_note
        kept = self._kept()
        newest = kept[0] if kept else await self._first_heads.result(via, partial(self._known, via))
        if newest is None or record.number >= newest.size:
            newest, _ = await self._newest(record.tree_note, via)
        # Records are proved in the newest tree, so that the proofs of many records share few tiles.
        try:
            tiles = await self._tiles.proved(newest, covers(newest, record.number, record.number + 1), via)
        except Unavailable:
            if tree.size <= newest.size:
                raise
            # Behind an air gap there are the tiles of the tree that the record came with, and perhaps none of others.
            newest, _ = await self._newest(record.tree_note, via)
            tiles = await self._tiles.proved(newest, covers(newest, record.number, record.number + 1), via)
        if hashes_in(newest, tiles)(0, record.number) != record_hash(record.text):
            raise LogError(f"its record is not number {record.number} of the signed tree of {newest.size}")

    def _open(self, note: bytes) -> Tree:
        """Read a signed tree head. Many records come with the same one. Raises `NoteError` and `LogError`."""
        tree = self._opened.get(note)
        if tree is None:
            tree = parse_tree(open_note(note, self._database.key))
            if len(self._opened) >= _MOST_OPENED:
                del self._opened[next(iter(self._opened))]
            self._opened[note] = tree
        return tree

    def _kept(self) -> tuple[Tree, bytes] | None:
        """Return the newest verified tree head. A file that is no tree head of this database counts as none."""
        note = self._heads.load()
        try:
            return None if note is None else (self._open(note), note)
        except (NoteError, LogError) as e:
            log.error("the tree head of %s that is kept is malformed and is forgotten: %s", self._database.name, e)
            return None

    async def _known(self, via: str) -> Tree | None:
        kept = self._kept()
        if kept is None:
            await self._cache.read(SumdbTarget(self._database.name, "latest", Kind.TREE), via)
            kept = self._kept()
        return kept[0] if kept else None

    async def _newest(self, note: bytes, via: str) -> tuple[Tree, bytes]:
        """Compare a tree head with the newest that is known, keep the newer one, and return it with its note.

        Raises `LogError` when one of them does not extend the other; then the one that is kept stays.
        """
        tree = self._open(note)
        async with self._heads.lock:
            while True:
                kept = self._kept()
                known, known_note = kept or (_NO_TREE, b"")
                (older, _), newer = sorted([(known, known_note), (tree, note)], key=lambda pair: pair[0].size)
                if older != newer[0] and older is not _NO_TREE:
                    await self._compare(older, newer[0], via)
                if self._kept() != kept:
                    continue  # the source of another config, which has a lock of its own, has saved a tree head
                if newer[1] != known_note:
                    self._heads.save(newer[1])
                self._saw(newer[0].size)
                return newer

    async def _compare(self, older: Tree, newer: Tree, via: str) -> None:
        tiles = await self._tiles.proved(newer, divided(newer, older.size), via)
        if not extends(older, hashes_in(newer, tiles)):
            raise LogError(f"its tree of {newer.size} contradicts its tree of {older.size}: the database has two pasts")

    async def _tile(self, tile: Tile, via: str) -> bytes | None:
        """Return a tile, proved in the newest tree that has it; None when no tree that is known has it."""
        tree = await self._known(via)
        if tree is None or not _has(tree, tile):
            size, note = self._newer
            if tree is None or size <= tree.size:
                note = await self._ask(SumdbTarget(self._database.name, "latest", Kind.TREE), via, True)
            tree, _ = await self._newest(note, via)
        if not _has(tree, tile):
            return None
        tiles = await self._tiles.proved(tree, contains(tree, tile), via)
        return tiles[tile_in(tree, tile)].body[: tile.size]


def _has(tree: Tree, tile: Tile) -> bool:
    try:
        contains(tree, tile)
    except LogError:
        return False
    return True
