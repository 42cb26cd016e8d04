"""Trees and notes, compared with a database whose tree is computed by definition."""

import pytest

from modproxy.mod.note import NoteError, open_note, parse_verifier_key
from modproxy.mod.tlog import (
    LogError,
    Tile,
    TileHashes,
    Tree,
    contains,
    covers,
    divided,
    extends,
    hashes_in,
    holds,
    parse_record,
    parse_tile,
    parse_tree,
    record_hash,
    tile_in,
    tiles_needed,
)
from tests.modproxy.fake_sumdb import FakeSumdb

SIZES = [1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 513, 700]


@pytest.fixture(scope="module")
def served() -> tuple[FakeSumdb, dict[str, bytes]]:
    database, files = FakeSumdb(), dict[str, bytes]()
    database.pad(max(SIZES))
    database.publish(files)
    return database, files


def tree_of(database: FakeSumdb, size: int) -> Tree:
    return parse_tree(open_note(database.head(size), parse_verifier_key(database.verifier_key)))


def tiles(database: FakeSumdb, files: dict[str, bytes], needed: frozenset[Tile]) -> dict[Tile, TileHashes]:
    return {tile: TileHashes(files[f"sumdb/{database.name}/{tile.path}"]) for tile in needed}


def forge(body: bytes, position: int) -> TileHashes:
    return TileHashes(body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :])


@pytest.mark.parametrize("size", SIZES)
def test_inclusion(served: tuple[FakeSumdb, dict[str, bytes]], size: int) -> None:
    database, files = served
    tree = tree_of(database, size)
    for number in {0, size // 2, size - 1}:
        proof, leaf = covers(tree, number, number + 1), record_hash(database.records[number])
        data = tiles(database, files, tiles_needed(tree, proof))
        assert holds(tree, proof, data)
        assert hashes_in(tree, data)(0, number) == leaf
        for tile, hashes in data.items():
            for position in range(0, len(hashes.body), 32):
                forged = {**data, tile: forge(hashes.body, position)}
                assert not holds(tree, proof, forged), "a tile with one wrong hash is never kept"
    with pytest.raises(LogError):
        covers(tree, size, size + 1)


@pytest.mark.parametrize("size", SIZES)
def test_every_hash_of_a_tile(served: tuple[FakeSumdb, dict[str, bytes]], size: int) -> None:
    database, files = served
    tree = tree_of(database, size)
    last = Tile(0, (size - 1) // 256, (size - 1) % 256 + 1)
    for tile in {last, Tile(0, 0, min(size, 256)), Tile(0, 0, 1), *([Tile(1, 0, size // 256)] if size > 256 else [])}:
        whole = tile_in(tree, tile)
        proof = contains(tree, tile)
        data = tiles(database, files, tiles_needed(tree, proof))
        assert holds(tree, proof, data)
        assert data[whole].body[: tile.size] == files[f"sumdb/{database.name}/{tile.path}"]
        for position in range(0, tile.size, 32):
            forged = {**data, whole: forge(data[whole].body, position)}
            assert not holds(tree, proof, forged)
    with pytest.raises(LogError):
        contains(tree, Tile(0, size // 256, size % 256 + 1))


@pytest.mark.parametrize("newer", SIZES)
def test_extension(served: tuple[FakeSumdb, dict[str, bytes]], newer: int) -> None:
    database, files = served
    new = tree_of(database, newer)
    for older in [0, *[size for size in SIZES if size <= newer]]:
        old = tree_of(database, older)
        proof = divided(new, older)
        data = tiles(database, files, tiles_needed(new, proof))
        assert holds(new, proof, data)
        assert extends(old, hashes_in(new, data))
        assert not extends(Tree(older, bytes(32)), hashes_in(new, data))
        for tile, hashes in data.items():
            for position in range(0, len(hashes.body), 32 * 17):
                assert not holds(new, proof, {**data, tile: forge(hashes.body, position)})
    with pytest.raises(LogError):
        divided(new, newer + 1)


def test_a_tile_cut_short(served: tuple[FakeSumdb, dict[str, bytes]]) -> None:
    database, files = served
    tree = tree_of(database, 300)
    proof = covers(tree, 299, 300)
    whole = tiles(database, files, tiles_needed(tree, proof))
    data = {tile: TileHashes(hashes.body[:-1]) for tile, hashes in whole.items()}
    assert not holds(tree, proof, data)
    with pytest.raises(LogError, match="short"):
        hashes_in(tree, data)(0, 299)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/8/0/000"),
        (Tile(1, 67, 5), "tile/8/1/067.p/5"),
        (Tile(0, 1234067, 256), "tile/8/0/x001/x234/067"),
        (Tile(2, 1000, 1), "tile/8/2/x001/000.p/1"),
    ],
)
def test_paths_of_tiles(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_tile(path) == tile


@pytest.mark.parametrize(
    "path",
    ["tile/8/0/0", "tile/8/0/x000/001", "tile/8/0/001.p/0", "tile/8/0/001.p/256", "tile/8/0/001.p/05", "tile/4/0/001",
     "tile/8/data/001", "tile/8/0/x001", "latest", "tile/8/00/001"],
)  # fmt: skip
def test_no_paths_of_tiles(path: str) -> None:
    assert parse_tile(path) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace(b"\n300\n", b"\n301\n"),
        lambda note: note[:-10] + b"AAAAAAAA=\n",
        lambda note: note.replace(b"sum.example.com", b"sum.example.org"),
        lambda note: note.partition(b"\n\n")[0],
        lambda note: note + b"\x01",
        lambda note: b"\xff" + note,
        lambda _: b"",
    ],
)
def test_a_note_that_is_not_signed(served: tuple[FakeSumdb, dict[str, bytes]], change: "object") -> None:
    database, _ = served
    assert callable(change)
    with pytest.raises(NoteError):
        open_note(change(database.head(300)), parse_verifier_key(database.verifier_key))


@pytest.mark.parametrize("text", ["", "go.sum database tree\n", "go.sum database tree\n1\nAAAA\n", "x\n1\nAAAA\n\n"])
def test_no_tree(text: str) -> None:
    with pytest.raises(LogError):
        parse_tree(text)


@pytest.mark.parametrize("answer", [b"", b"1\n", b"x\ntext\n\nnote", b"1\n\n\nnote", b"1\ntext\n\n", b"-1\nt\n\nn"])
def test_no_record(answer: bytes) -> None:
    with pytest.raises(LogError):
        parse_record(answer)


def test_a_key_that_contradicts_itself() -> None:
    key = FakeSumdb().verifier_key.replace("sum.example.com+", "sum.example.org+")
    with pytest.raises(NoteError, match="agree"):
        parse_verifier_key(key)
