"""The proof that the records and tiles of a bundle are those of the signed tree head."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

from modproxy.mod.bundle.archive_format import BundleError, Entry, exactly
from modproxy.mod.bundle.log_tiles import WIDTH, own_tiles
from modproxy.mod.bundle.manifest import BundledLog, BundledVersion
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.sumdb import Database
from modproxy.mod.tlog import (
    HASH_SIZE,
    LogError,
    Record,
    Tile,
    TileHashes,
    Tree,
    contains,
    divided,
    extends,
    hashes_in,
    holds,
    parse_tile,
    parse_tree,
    record_hash,
    tile_in,
    tiles_needed,
)

_TILES_AT_ONCE = 256
"""Tiles that are in memory at once, with the hashes above theirs: 4 MiB."""


def prove_that_it_goes_on(older: Tree, newer: Tree, read: Callable[[Tile], bytes]) -> None:
    """Prove that the log of `newer` has all that the log of `older` had. Raises `BundleError`, and errors of `read`."""
    try:
        proof = divided(newer, older.size)
    except LogError as e:
        raise BundleError(str(e)) from None
    tiles = {tile: TileHashes(read(tile)) for tile in tiles_needed(newer, proof)}
    if not holds(newer, proof, tiles):
        raise BundleError(f"the tiles are not those of the signed tree of {newer.size} records")
    if not extends(older, hashes_in(newer, tiles)):
        raise BundleError(
            f"SECURITY: the tree of {newer.size} records contradicts that of {older.size}: the database has two pasts"
        )


class Proofs:
    """Proves the records and the tiles of a bundle by its tree head."""

    def __init__(
        self,
        file: BinaryIO,
        log: BundledLog,
        database: Database,
        places: Mapping[str, Entry],
        records: Sequence[tuple[BundledVersion, Record]],
    ) -> None:
        self._file, self._log, self._database, self._records = file, log, database, records
        prefix = f"sumdb/{database.name}/"
        found = ((parse_tile(name.removeprefix(prefix)), place) for name, place in places.items())
        self._places = {tile: place for tile, place in found if tile is not None}
        self._read: OrderedDict[Tile, TileHashes] = OrderedDict()

    def prove(self) -> Tree:
        """Return the tree of the head. Raises `BundleError`."""
        try:
            tree = parse_tree(open_note(self._log.head.encode(), self._database.key))
        except (NoteError, LogError) as e:
            raise BundleError(f"the tree head is not one of checksum database {self._database.name}: {e}") from None
        numbers = [record.number for _, record in self._records]
        if any(number >= tree.size for number in numbers):
            raise BundleError("a record is newer than the tree head of the bundle")
        leaves = {number // WIDTH for number in numbers}
        if not leaves.issubset(self._log.tiles) or (self._log.before and self._log.before[-1] > tree.size):
            raise BundleError("the manifest does not fit the records and the tree head of the bundle")
        follows = self._log.before[-1] if self._log.before else None
        for tile in own_tiles(tree, numbers, follows):
            if tile not in self._places:
                raise BundleError(f"the bundle lacks {tile.path} of {self._database.name}, which its records need")
        for tile in sorted(self._places, key=lambda t: (-t.level, t.number)):
            self._prove(tree, tile)
        for version, record in sorted(self._records, key=lambda pair: pair[1].number):
            leaf = tile_in(tree, Tile(0, record.number // WIDTH, 1))
            at = record.number % WIDTH * HASH_SIZE
            if self._tile(leaf).body[at : at + HASH_SIZE] != record_hash(record.text):
                raise BundleError(f"{version}: its record is not number {record.number} of the signed tree")
        return tree

    def _prove(self, tree: Tree, tile: Tile) -> None:
        try:
            proof = contains(tree, tile)
            if tile_in(tree, tile) != tile:
                raise LogError("it has another width than in the signed tree")
            tiles = {needed: self._tile(needed) for needed in tiles_needed(tree, proof)}
        except (LogError, KeyError) as e:
            raise BundleError(f"{tile.path} of {self._database.name} cannot be proved: {e}") from None
        if not holds(tree, proof, tiles):
            raise BundleError(f"{tile.path} of {self._database.name} is not a part of the signed tree")

    def _tile(self, tile: Tile) -> TileHashes:
        found = self._read.pop(tile, None)
        if found is None:
            place = self._places[tile]
            self._file.seek(place.offset)
            found = TileHashes(exactly(self._file, place.size))
        self._read[tile] = found
        if len(self._read) > _TILES_AT_ONCE:
            self._read.popitem(last=False)
        return found
