"""Transparency logs: the Merkle tree that a checksum database publishes as tiles. Pure.

`tiles_needed` says which tiles a proof reads, and `holds` says from their bytes whether the proof holds. Tiles need no
signature: a forged tile leads to another root than the signed one. Source of the rules: RFC 6962, section 2.1, for the
hashes, and golang.org/x/mod/sumdb/tlog for tiles and for the text forms.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

HEIGHT = 8
"""How many levels of the tree one tile has, as the go command requests tiles."""
_WIDTH = 1 << HEIGHT
HASH_SIZE = 32
"""Bytes of one hash."""
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without records (RFC 6962, section 2.1)."""
_TREE_WORDS = "go.sum database tree"
_NUMBER = re.compile("[0-9]{1,18}")
"""What fits into the 64 bits that a database counts records with."""
_TILE_PATH = re.compile(rf"tile/{HEIGHT}/([0-9]{{1,2}})/((?:x[0-9]{{3}}/)*[0-9]{{3}})(?:\.p/([0-9]{{1,3}}))?", re.ASCII)


class LogError(ValueError):
    """A text of a log is malformed, or a proof does not hold; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Stands for the state of a log: a tree head."""

    size: int
    """The number of records."""
    root: bytes
    """The root hash over all records."""


class Tile(NamedTuple):
    """Names a tile of the tree."""

    level: int
    """Counts levels of tiles from the records up, from 0."""
    number: int
    """Counts the tiles of one level, from 0."""
    width: int
    """How many hashes the tile has: at most 256, fewer for a partial tile."""

    @property
    def path(self) -> str:
        """The tile's path below the database's URL: `tile/8/0/x001/067.p/5`."""
        groups = [f"{self.number % 1000:03d}"]
        rest = self.number // 1000
        while rest:
            groups.append(f"x{rest % 1000:03d}")
            rest //= 1000
        partial = f".p/{self.width}" if self.width < _WIDTH else ""
        return f"tile/{HEIGHT}/{self.level}/{'/'.join(reversed(groups))}{partial}"

    @property
    def size(self) -> int:
        """How many bytes the tile has."""
        return self.width * HASH_SIZE

    @property
    def full(self) -> "Tile":
        """The same tile after it has become complete."""
        return Tile(self.level, self.number, _WIDTH)


@dataclass(frozen=True, slots=True)
class Record:
    """Carries the answer to a lookup."""

    number: int
    """Counts the records of the log, from 0."""
    text: bytes
    """The lines of go.sum."""
    tree_note: bytes
    """The signed note of a tree head that has the record."""


def parse_tile(path: str) -> Tile | None:
    """Read a tile's path. Returns None for a tile of another height, and for a tile with the texts of records."""
    found = _TILE_PATH.fullmatch(path)
    if found is None:
        return None
    number = int(found[2].replace("x", "").replace("/", ""))
    tile = Tile(int(found[1]), number, int(found[3] or _WIDTH))
    return tile if tile.path == path and tile.width > 0 else None


def parse_tree(text: str) -> Tree:
    """Read the text of a tree head's note. Raises `LogError`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[0] != _TREE_WORDS or not _NUMBER.fullmatch(lines[1]):
        raise LogError("not a tree head")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        raise LogError("not a tree head: the root is not base64") from None
    if len(root) != HASH_SIZE:
        raise LogError("not a tree head: the root has the wrong length")
    return Tree(int(lines[1]), root)


def parse_record(answer: bytes) -> Record:
    """Read the answer to a lookup. Raises `LogError`."""
    number, _, rest = answer.partition(b"\n")
    text, blank, tree_note = rest.partition(b"\n\n")
    if not number.isdigit() or len(number) > 18 or not blank or not text or not tree_note:
        raise LogError("not a lookup's answer")
    return Record(int(number), text + b"\n", tree_note)


def record_hash(text: bytes) -> bytes:
    """Return the hash of a record, which is a leaf of the tree."""
    return hashlib.sha256(b"\x00" + text).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


Stored = Callable[[int, int], bytes]
"""Returns the hash of a complete subtree, by its level in the tree and its number on that level."""
Join = Callable[[bytes, bytes], bytes]
"""Makes the hash of a subtree from those of its two halves."""
Proof = Callable[[Stored, Join], bool]
"""Says whether a statement about a tree is true, by the hashes that it reads."""


def covers(tree: Tree, first: int, end: int, level: int = 0) -> Proof:
    """Return the proof that hashes are the tree's: those of the complete subtrees `first` to before `end` of a level.

    Level 0 has the hashes of records. Raises `LogError` if the tree has no such subtrees.
    """
    if end << level > tree.size:
        raise LogError(f"record {(end << level) - 1} is not in a tree of {tree.size}")

    def root(low: int, high: int, stored: Stored, join: Join) -> bytes:
        if high <= first << level or low >= end << level:
            return _range(low, high, stored, join)
        if high - low == 1 << level:
            return stored(level, low >> level)
        middle = low + _split(high - low)
        return join(root(low, middle, stored, join), root(middle, high, stored, join))

    return lambda stored, join: root(0, tree.size, stored, join) == tree.root


def contains(tree: Tree, tile: Tile) -> Proof:
    """Return the proof that the hashes of a tile are the tree's. Raises `LogError` if the tree has no such tile."""
    first = tile.number * _WIDTH
    return covers(tree, first, first + tile.width, tile.level * HEIGHT)


def tile_in(tree: Tree, tile: Tile) -> Tile:
    """Return the tile of `tree` that begins with the hashes of a tile of an older tree."""
    return tile_of(tree, tile.level * HEIGHT, tile.number * _WIDTH)[0]


def divided(newer: Tree, size: int) -> Proof:
    """Return the proof that the hashes by which `newer` is compared with an older tree of `size` records are its own.

    Raises `LogError` when `newer` is smaller.
    """
    if size > newer.size:
        raise LogError(f"a tree of {newer.size} cannot extend one of {size}")

    def root(low: int, high: int, stored: Stored, join: Join) -> bytes:
        # The newer tree is divided into the subtrees of the older one, so that both roots are made of the same hashes.
        if high <= size or low >= size:
            return _range(low, high, stored, join)
        middle = low + _split(high - low)
        return join(root(low, middle, stored, join), root(middle, high, stored, join))

    return lambda stored, join: (root(0, newer.size, stored, join) if newer.size else EMPTY_ROOT) == newer.root


def extends(older: Tree, stored: Stored) -> bool:
    """Say whether hashes of a newer tree, which `divided` has proved, are those of `older` too."""
    return (_range(0, older.size, stored, _node) if older.size else EMPTY_ROOT) == older.root


def _split(size: int) -> int:
    """Return where a tree of `size` records is divided: at the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(low: int, high: int, stored: Stored, join: Join) -> bytes:
    """Return the hash over the records from `low` to before `high`, made of complete subtrees."""
    size = high - low
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return stored(level, low >> level)
    middle = low + _split(size)
    return join(_range(low, middle, stored, join), _range(middle, high, stored, join))


def tile_of(tree: Tree, level: int, number: int) -> tuple[Tile, int, int]:
    """Return the tile of `tree` that has a subtree's hash, and the first and the number of the hashes for it."""
    tile_level, rows = divmod(level, HEIGHT)
    first = number << rows
    tile_number, offset = divmod(first, _WIDTH)
    width = min(_WIDTH, (tree.size >> (tile_level * HEIGHT)) - tile_number * _WIDTH)
    return Tile(tile_level, tile_number, width), offset, 1 << rows


def tiles_needed(tree: Tree, proof: Proof) -> frozenset[Tile]:
    """Return the tiles of `tree` that a proof reads."""
    needed: set[Tile] = set()

    def note_down(level: int, number: int) -> bytes:
        needed.add(tile_of(tree, level, number)[0])
        return b""

    proof(note_down, lambda left, right: b"")
    return frozenset(needed)


class TileHashes:
    """Has the hashes of one tile, and those of the complete subtrees above them, each computed once."""

    __slots__ = ("rows",)

    def __init__(self, body: bytes) -> None:
        row = body
        self.rows = [row]
        """The hashes of each level of the tree that the tile has, from the lowest on."""
        while len(row) >= 2 * HASH_SIZE:
            pairs = range(0, len(row) - 2 * HASH_SIZE + 1, 2 * HASH_SIZE)
            row = b"".join([hashlib.sha256(b"\x01" + row[at : at + 2 * HASH_SIZE]).digest() for at in pairs])
            self.rows.append(row)

    @property
    def body(self) -> bytes:
        """The tile as the database serves it."""
        return self.rows[0]

    @property
    def size(self) -> int:
        """How many bytes all hashes have."""
        return sum(map(len, self.rows))


def hashes_in(tree: Tree, tiles: Mapping[Tile, TileHashes]) -> Stored:
    """Return what reads hashes from tiles of `tree`. It raises `LogError` for a tile that is too short."""

    def stored(level: int, number: int) -> bytes:
        tile, offset, count = tile_of(tree, level, number)
        rows, above = tiles[tile].rows, count.bit_length() - 1
        at = (offset >> above) * HASH_SIZE
        found = rows[above][at : at + HASH_SIZE] if above < len(rows) else b""
        if len(found) != HASH_SIZE:
            raise LogError(f"{tile.path} is too short")
        return found

    return stored


def holds(tree: Tree, proof: Proof, tiles: Mapping[Tile, TileHashes]) -> bool:
    """Say whether a proof holds, and proves every hash of its tiles. `tiles` has all of `tiles_needed`."""
    try:
        return proof(hashes_in(tree, tiles), _node) and _agree(tree, tiles)
    except LogError:
        return False


def _agree(tree: Tree, tiles: Mapping[Tile, TileHashes]) -> bool:
    """Say whether tiles have the hashes of the full tiles below them.

    A proof that goes down into a tile does not read its hash in the tile above, where any bytes could stand.
    """
    stored = hashes_in(tree, tiles)
    for tile, hashes in tiles.items():
        level = (tile.level + 1) * HEIGHT
        is_hashed_above = tile.width == _WIDTH and tile_of(tree, level, tile.number)[0] in tiles
        if is_hashed_above and stored(level, tile.number) != hashes.rows[-1]:
            return False
    return True
