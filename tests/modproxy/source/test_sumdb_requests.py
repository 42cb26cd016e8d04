"""How many requests the answers of a checksum database cost, and how many of them wait for another one."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from modproxy.mod.note import open_note
from modproxy.mod.sumdb import parse_gosumdb
from modproxy.mod.tlog import covers, parse_tree, tiles_needed
from modproxy.request import Request
from modproxy.source.database_server import DatabaseProxy, DatabaseServer
from modproxy.source.shared_database import SharedDatabase
from modproxy.source.sumdb import SumdbSource
from modproxy.source.tree_heads import TreeHeads
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, RoundsSource, read
from tests.modproxy.source.held_answers import HeldAnswers

BASE = "sumdb/sum.example.com"
RECORDS = 200


@pytest.fixture(scope="module")
def spread() -> tuple[FakeSumdb, dict[str, bytes]]:
    """A database whose records lie in as many tiles."""
    made, files = FakeSumdb(), dict[str, bytes]()
    for number in range(RECORDS):
        made.pad(300)
        made.record(f"example.com/m{number}", "v1.0.0", "h1:zip", "h1:mod")
    made.publish(files)
    return made, files


class Reader:
    """A database as a source, with a cache before it that answers only tree heads."""

    def __init__(self, made: FakeSumdb, server: FakeSource, folder: Path, proxies: int = 0) -> None:
        database = parse_gosumdb(made.verifier_key)
        assert database is not None
        self.database = database
        self.held = HeldAnswers(lambda target: read(self.source, Request(target)))
        links = [DatabaseProxy(server)] * proxies
        shared = SharedDatabase(DatabaseServer(database, links, server), None)
        self.source = SumdbSource(database, shared, TreeHeads(folder / "head"), self.held)

    async def records(self, *numbers: int) -> None:
        await asyncio.gather(*(read(self.source, request(lookup(number))) for number in numbers))


def lookup(number: int) -> str:
    return f"{BASE}/lookup/example.com/m{number}@v1.0.0"


def tiles_for_all(made: FakeSumdb) -> set[str]:
    database = parse_gosumdb(made.verifier_key)
    assert database is not None
    tree = parse_tree(open_note(made.head(), database.key))
    numbers = made.lookups.values()
    return {f"{BASE}/{tile.path}" for n in numbers for tile in tiles_needed(tree, covers(tree, n, n + 1))}


@pytest.mark.parametrize("proxies", [0, 1])
async def test_a_cold_start_with_many_records(
    spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path, proxies: int
) -> None:
    made, files = spread
    server = RoundsSource(dict(files))
    await Reader(made, server, tmp_path, proxies).records(*range(RECORDS))
    supported = {f"{BASE}/supported"} if proxies else set()
    lookups = {lookup(number) for number in range(RECORDS)}
    expected = lookups | tiles_for_all(made) | {f"{BASE}/latest"} | supported
    assert Counter(server.keys) == Counter(expected), "each of them once"
    assert server.rounds == 2 + proxies, "records and the tree head at once, and then all tiles at once"


async def test_a_record_costs_two_tiles_at_most(spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path) -> None:
    made, files = spread
    server = FakeSource(dict(files))
    reader = Reader(made, server, tmp_path)
    await reader.records(0)
    for number in range(1, RECORDS):
        server.requests.clear()
        reader.held.looked_for.clear()
        await reader.records(number)
        asked = server.keys
        assert asked[0] == lookup(number)
        assert len(asked) <= 3
        assert reader.held.looked_for == asked[1:], "upper tiles are in memory"


async def test_tiles_that_are_held_cost_no_request(spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path) -> None:
    made, files = spread
    before = Reader(made, FakeSource(dict(files)), tmp_path)
    await before.records(5, 6)
    server = FakeSource(dict(files))
    after = Reader(made, server, tmp_path)
    after.held.answers = before.held.answers
    await after.records(5, 6)
    assert sorted(server.keys) == sorted([lookup(5), lookup(6)])


async def test_a_tile_is_kept_once(spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path) -> None:
    made, files = spread
    reader = Reader(made, FakeSource(dict(files)), tmp_path)
    await reader.records(*range(20))
    await reader.records(*range(20))
    assert max(Counter(reader.held.kept).values()) == 1


async def test_what_one_request_cannot_have_the_next_one_gets(
    spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path
) -> None:
    made, files = spread
    tile = next(key for key in tiles_for_all(made) if "/tile/8/1/" in key)
    server = FakeSource({key: body for key, body in files.items() if not key.startswith(tile)})
    reader = Reader(made, server, tmp_path)
    outcomes = await asyncio.gather(reader.records(1), reader.records(2), return_exceptions=True)
    assert all("which its tree needs" in str(outcome) for outcome in outcomes)
    assert outcomes[0] is not outcomes[1], "an error of many tasks would collect all their tracebacks"
    server.answers[tile] = files[tile]
    await reader.records(1, 2)


async def test_a_proof_that_nobody_waits_for_leaves_nothing_behind(
    spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path
) -> None:
    made, files = spread
    server = RoundsSource(dict(files))
    reader = Reader(made, server, tmp_path)
    leaving = asyncio.create_task(reader.records(1))
    while not any("/tile/" in key for key in server.keys):
        await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    await reader.records(1, 2)


async def test_a_tree_head_is_verified_once(
    spread: tuple[FakeSumdb, dict[str, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    verify = VerifyKey.verify

    def counted(key: VerifyKey, text: bytes, signature: bytes) -> bytes:
        verified.append(text)
        return verify(key, text, signature)

    monkeypatch.setattr(VerifyKey, "verify", counted)
    made, files = spread
    await Reader(made, FakeSource(dict(files)), tmp_path).records(*range(50))
    assert len(verified) == 1, "all records come with the same one"
