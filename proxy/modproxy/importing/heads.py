"""The newest tree head that this fleet knows of a checksum database, and whether that of a bundle goes on from it."""

import asyncio
import contextlib
from pathlib import Path

from modproxy.bucket.depot import Depot
from modproxy.importing.placing import head_in
from modproxy.in_force import Rules, SmallAnswers
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.proofs import prove_that_it_goes_on
from modproxy.mod.bundle.reading import CheckedBundle
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.sumdb import Database, database_folder, tile_target
from modproxy.mod.tlog import LogError, Tile, Tree, divided, parse_tree, tiles_needed
from modproxy.request import Request
from modproxy.source.protocol import SourceError

_ASK_SECONDS = 20.0
"""How long a tile may take that neither the bundle nor the depot has: behind an air gap nobody answers."""


class HeadInForce:
    """Compares tree heads. `folder` is where this replica keeps the newest one that it has verified."""

    def __init__(self, depot: Depot, cache: SmallAnswers, folder: Path) -> None:
        self._depot = depot
        self._cache = cache
        self._folder = folder

    async def newest(self, database: Database) -> Tree | None:
        """Return the newest tree head; None where none was ever seen. Raises `BucketError`."""
        found = [await head_in(self._depot, database), await asyncio.to_thread(self._kept, database)]
        return max((tree for tree in found if tree is not None), key=lambda tree: tree.size, default=None)

    def _kept(self, database: Database) -> Tree | None:
        try:
            note = (self._folder / f"{database_folder(database.id)}.latest").read_bytes()
            return parse_tree(open_note(note, database.key))
        except (OSError, NoteError, LogError):
            return None

    async def prove(self, database: Database, checked: CheckedBundle, path: Path, rules: Rules) -> None:
        """Prove that the tree of a bundle and the newest one are of one log. Raises `BundleError`, `BucketError`."""
        ours, theirs = await self.newest(database), checked.tree
        if ours is None or theirs is None or ours == theirs:
            return
        older, newer = sorted([ours, theirs], key=lambda tree: tree.size)
        if older.size == newer.size:
            raise BundleError(
                f"SECURITY: the bundle's tree of {theirs.size} records is another one than that of this fleet: "
                f"checksum database {database.name} has two pasts"
            )
        tiles: dict[Tile, bytes] = {}
        for tile in tiles_needed(newer, divided(newer, older.size)):
            body = await self._tile(database, tile, checked, path, rules)
            if body is None:
                raise BundleError(
                    f"the bundle's tree of {theirs.size} records cannot be shown to be of one log with the tree of "
                    f"{ours.size} records that this fleet knows of {database.name}: import the bundles in their order, "
                    "or export it anew with --after the bundle that was imported last"
                )
            tiles[tile] = body
        prove_that_it_goes_on(older, newer, tiles.__getitem__)

    async def _tile(
        self, database: Database, tile: Tile, checked: CheckedBundle, path: Path, rules: Rules
    ) -> bytes | None:
        for one in (tile, tile.full):
            target = tile_target(database.name, one.path)
            if target.url_path in checked.places:
                return await asyncio.to_thread(_read, checked, path, target.url_path, tile.size)
            if (found := await self._depot.read(target.key, tile.full.size)) is not None:
                return found.body[: tile.size]
        with contextlib.suppress(SourceError, TimeoutError):
            async with asyncio.timeout(_ASK_SECONDS):
                return (await self._cache.read(Request(tile_target(database.name, tile.path)), rules))[: tile.size]
        return None


def _read(checked: CheckedBundle, path: Path, name: str, size: int) -> bytes:
    with path.open("rb") as file:
        return checked.read(file, name)[:size]
