"""A checksum database as a source. Its answers are verified by its signature and its tree.

Source of the rules: `Client` of golang.org/x/mod/sumdb for the verification, and `dbClient` of cmd/go/internal/modfetch
for the choice between an upstream proxy and the database's own server.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from modproxy.mod.note import NoteError, open_note
from modproxy.mod.sumdb import Database, SumdbTarget, tile_target
from modproxy.mod.target import Kind
from modproxy.mod.tlog import (
    LogError,
    Proof,
    Tile,
    Tree,
    extends,
    holds,
    includes,
    parse_record,
    parse_tree,
    record_hash,
    tiles_needed,
)
from modproxy.request import Request
from modproxy.source.checked import read_small
from modproxy.source.protocol import Fetched, Mismatch, NotFound, Source, SourceError, Unavailable, once

ReadDatabase = Callable[[SumdbTarget], Awaitable[bytes]]
"""Returns an answer of the database through the cache. Raises `SourceError`."""


class TreeHeads:
    """Keeps the newest verified tree head in a file, so that a restart does not forget the database's past."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.lock = asyncio.Lock()
        """Held while a tree head is compared with the newest one and saved."""

    def load(self) -> bytes | None:
        """Return the signed note of the tree head; None before the first `save`."""
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, note: bytes) -> None:
        """Replace the note. Raises `OSError`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_bytes(note)
        draft.replace(self._file)


class SumdbSource:
    """Answers `SumdbTarget`s of one database, each after its verification.

    The first of `proxies` that serves the database is asked, else `itself`, the database's own server. `read` returns
    the tiles that proofs need.
    """

    def __init__(
        self, database: Database, proxies: Sequence[Source], itself: Source, heads: TreeHeads, read: ReadDatabase
    ) -> None:
        self._database = database
        self._proxies = proxies
        self._itself = itself
        self._heads = heads
        self._read = read
        self._chosen: Source | None = None

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield a verified answer. Raises `SourceError`: `Mismatch` for an answer that the verification refutes."""
        target = request.target
        if not isinstance(target, SumdbTarget):
            raise TypeError(f"{target} is none of a checksum database")
        server = await self._server(request)
        async with server.fetch(request) as fetched:
            body = await read_small(fetched)
        try:
            await self._verify(target, body)
        except (NoteError, LogError) as e:
            raise Mismatch(f"{target}: the answer of {fetched.origin} is refused: {e}") from None
        yield Fetched(once(body), len(body), fetched.origin)

    async def _server(self, request: Request) -> Source:
        """Choose as the go command does: the first proxy that says that it serves the database, else `itself`."""
        if self._chosen is None:
            question = replace(request, target=SumdbTarget(self._database.name, "supported", Kind.TREE))
            for proxy in self._proxies:
                try:
                    async with proxy.fetch(question):
                        self._chosen = proxy
                        return proxy
                except NotFound:
                    continue
            self._chosen = self._itself
        return self._chosen

    async def _verify(self, target: SumdbTarget, body: bytes) -> None:
        if target.kind is Kind.TREE:
            await self._newest(body)
        elif target.kind is Kind.LOOKUP:
            record = parse_record(body)
            tree = self._open(record.tree_note)
            newest = await self._known()
            if newest is None or record.number >= newest.size:
                tree = newest = await self._newest(record.tree_note)
            proof = includes(newest, record.number, record_hash(record.text))
            if not await self._holds(newest, proof):
                raise LogError(f"its record is not number {record.number} of the signed tree of {newest.size}")
            if record.number >= tree.size:
                raise LogError("its tree head is older than its record")

    def _open(self, note: bytes) -> Tree:
        return parse_tree(open_note(note, self._database.key))

    async def _known(self) -> Tree | None:
        note = self._heads.load()
        if note is None:
            # Records are proved in the newest tree, so that the proofs of many records share few tiles.
            note = await self._read(SumdbTarget(self._database.name, "latest", Kind.TREE))
        return self._open(note)

    async def _newest(self, note: bytes) -> Tree:
        """Compare a tree head with the newest that is known, and keep the newer one. Returns the newer one.

        Raises `LogError` when one of them does not extend the other.
        """
        tree = self._open(note)
        async with self._heads.lock:
            while True:
                known_note = self._heads.load()
                known = self._open(known_note) if known_note else Tree(0, _EMPTY_ROOT)
                older, newer = (known, tree) if tree.size >= known.size else (tree, known)
                if older != newer and not await self._holds(newer, extends(older, newer)):
                    raise LogError(f"its tree of {tree.size} contradicts the signed tree of {known.size} seen before")
                if self._heads.load() != known_note:
                    continue  # the source of another config, which has a lock of its own, has saved a tree head
                if tree.size > known.size:
                    self._heads.save(note)
                return newer

    async def _holds(self, tree: Tree, proof: Proof) -> bool:
        tiles = list(tiles_needed(tree, proof))
        data = await asyncio.gather(*map(self._tile, tiles))
        return holds(tree, proof, dict(zip(tiles, data, strict=True)))

    async def _tile(self, tile: Tile) -> bytes:
        """Read a tile. A database may drop a partial tile once the full tile exists; then the full one is read."""
        for path in dict.fromkeys((tile.path, tile.full.path)):
            with suppress(NotFound):
                return await self._read(tile_target(self._database.name, path))
        raise Unavailable(f"checksum database {self._database.name} has no {tile.path}, which its tree needs")


_EMPTY_ROOT = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
"""The root of a tree without records: the SHA-256 of no bytes (RFC 6962, section 2.1)."""


async def read_record(read: ReadDatabase, target: SumdbTarget) -> bytes:
    """Return the text of a module version's record. Raises `NotFound` and `Unavailable`, with words for people."""
    try:
        return parse_record(await read(target)).text
    except NotFound as e:
        raise NotFound(
            f"{target.module}@{target.version}: checksum database {target.database} does not know it, so it cannot be "
            f"verified; if it is private, name it in upstream.goprivate\n{e.reason}"
        ) from None
    except Unavailable as e:
        raise Unavailable(f"{target.module}@{target.version} cannot be verified: {e.reason}", e.status) from None
    except SourceError as e:
        raise Unavailable(f"{target.module}@{target.version} cannot be verified: {e.reason}") from None
