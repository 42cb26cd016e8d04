import pytest

from modproxy.mod.bundle.log_tiles import own_tiles, renewed_tiles
from modproxy.mod.bundle.manifest import BundledLog
from modproxy.mod.tlog import Tree, covers, divided, tiles_needed

SIZES = [1, 2, 255, 256, 257, 300, 511, 512, 65535, 65536, 65537, 70000, 65536 * 3 + 256 * 7 + 5, 1 << 24, 41_234_567]


@pytest.mark.parametrize("size", SIZES)
def test_a_replica_finds_all_tiles_that_its_proofs_read(size: int) -> None:
    tree = Tree(size, b"")
    for record in {0, size // 3, size // 2, size - 1}:
        for older in {1, size // 5 or 1, size - 1 or 1, size}:
            found = own_tiles(tree, [record], older)
            assert tiles_needed(tree, covers(tree, record, record + 1)) <= found
            assert tiles_needed(tree, divided(tree, older)) <= found


@pytest.mark.parametrize("size", SIZES)
def test_the_bundles_before_and_this_one_have_all_tiles_of_the_records_so_far(size: int) -> None:
    older, newer = Tree(size, b""), Tree(size + size // 3 + 1, b"")
    records = [0, size // 2, size - 1]
    log = BundledLog("x+1", "", tuple(sorted({number // 256 for number in records})), (size // 2,) if size > 1 else ())
    before = own_tiles(older, records, log.before[0] if log.before else None)
    renewed = renewed_tiles(newer, older, log)
    assert not any(tile in before for tile in renewed if tile.width == 256)
    for record in records:
        assert own_tiles(newer, [record], log.before[0] if log.before else None) <= before | renewed
