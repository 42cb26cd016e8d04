"""Which tiles of a checksum database's log a bundle has: those by which its records are proved. Pure.

Source of the rules: `tileHashReader.ReadHashes` and `TreeHash` of golang.org/x/mod/sumdb/tlog. A go command reads, for
a record or a subtree of an older tree, the tile with its hash and the tiles above it, and those at the right edge of
the tree. `tlog.covers` and `tlog.divided` read a part of the same tiles.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from modproxy.mod.bundle.manifest import BundledLog
from modproxy.mod.tlog import HEIGHT, Tile, Tree, tile_of

WIDTH = 1 << HEIGHT


class LogNeeds(NamedTuple):
    """Says what has to be proved by tiles of a log."""

    tree: Tree
    leaves: frozenset[int]
    """The numbers of the lowest tiles, which have the hashes of records."""
    before: tuple[int, ...]
    """The sizes of older trees that `tree` has to be shown to go on from."""

    def tiles(self) -> set[Tile]:
        """Return all tiles that are needed."""
        places = [(0, number * WIDTH) for number in self.leaves]
        for size in (self.tree.size, *self.before):
            places.extend(_edge(size))
        found: set[Tile] = set()
        for level, number in places:
            for tile in _upwards(self.tree, tile_of(self.tree, level, number)[0]):
                if tile in found:
                    break
                found.add(tile)
        return found


def _edge(size: int) -> Iterator[tuple[int, int]]:
    """Yield the largest complete subtrees that a tree of so many records is made of: their level, and their number."""
    low = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, low >> level
            low += 1 << level


def _upwards(tree: Tree, tile: Tile) -> Iterator[Tile]:
    """Yield a tile and those above it."""
    while tile.width > 0:
        yield tile
        level, number = tile.level + 1, tile.number // WIDTH
        tile = Tile(level, number, min(WIDTH, (tree.size >> (level * HEIGHT)) - number * WIDTH))


def own_tiles(tree: Tree, records: Iterable[int], follows: int | None) -> set[Tile]:
    """Return the tiles that a bundle needs by itself: for its records, and to go on from the tree that it follows."""
    leaves = frozenset(number // WIDTH for number in records)
    return LogNeeds(tree, leaves, (follows,) if follows is not None else ()).tiles()


def renewed_tiles(tree: Tree, follows: Tree, log: BundledLog) -> set[Tile]:
    """Return the tiles of `tree` without which the records of the bundles so far could not be proved in it any more.

    `log` is that of the bundle that is followed, and `follows` its tree. Complete tiles that those bundles have never
    change, so they are left out.
    """
    wanted = partial(LogNeeds, leaves=frozenset(log.tiles), before=log.before)
    complete = {tile for tile in wanted(follows).tiles() if tile.width == WIDTH}
    return wanted(tree).tiles() - complete


def followed(
    records: Iterable[int], log: BundledLog | None, follows: Tree | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return what the log of a bundle says of itself and of those before it: its lowest tiles, and the older trees."""
    tiles = {number // WIDTH for number in records}
    if log is None or follows is None:
        return tuple(sorted(tiles)), ()
    return tuple(sorted(tiles.union(log.tiles))), tuple(sorted({*log.before, follows.size}))
