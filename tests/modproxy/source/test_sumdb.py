"""The answers of a checksum database are verified by its signature and its tree."""

from pathlib import Path

import pytest

from modproxy.mod.sumdb import Database, SumdbTarget, parse_gosumdb
from modproxy.mod.target import Kind
from modproxy.request import AnyTarget, Request
from modproxy.source.database_server import DatabaseProxy, DatabaseServer
from modproxy.source.protocol import Mismatch, NotFound, Source, Unavailable
from modproxy.source.shared_database import SharedDatabase
from modproxy.source.sumdb import SumdbSource
from modproxy.source.tree_heads import TreeHeads
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, read
from tests.modproxy.source.held_answers import HeldAnswers

BASE = "sumdb/sum.example.com"
LOOKUP, LATEST = f"{BASE}/lookup/example.com/m@v1.0.0", f"{BASE}/latest"


@pytest.fixture
def kept() -> FakeSumdb:
    made = FakeSumdb()
    made.pad(300)
    made.record("example.com/m", "v1.0.0", "h1:zip", "h1:mod")
    return made


def published(kept: FakeSumdb) -> FakeSource:
    files: dict[str, bytes] = {}
    kept.publish(files)
    return FakeSource(dict(files), origin="the database")


def database_of(kept: FakeSumdb) -> Database:
    found = parse_gosumdb(kept.verifier_key)
    assert found is not None
    return found


def source_of(
    kept: FakeSumdb, folder: Path, itself: Source, *proxies: Source, held: HeldAnswers | None = None
) -> SumdbSource:
    async def through(target: AnyTarget) -> bytes:
        return await read(made, Request(target))

    answers = held if held is not None else HeldAnswers()
    answers.fetch = through
    links = [DatabaseProxy(proxy) for proxy in proxies]
    shared = SharedDatabase(DatabaseServer(database_of(kept), links, itself), None)
    made = SumdbSource(database_of(kept), shared, TreeHeads(folder / "head"), answers)
    return made


@pytest.mark.parametrize("path", [LOOKUP, LATEST, f"{BASE}/tile/8/0/000"])
async def test_what_is_proved_comes_through(kept: FakeSumdb, tmp_path: Path, path: str) -> None:
    server = published(kept)
    assert await read(source_of(kept, tmp_path, server), request(path)) == server.answers[path]


async def test_the_newest_head_is_remembered(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    await read(source_of(kept, tmp_path, server), request(LATEST))
    assert (tmp_path / "head").read_bytes() == server.answers[LATEST]


async def test_a_signature_of_another_is_refused(kept: FakeSumdb, tmp_path: Path) -> None:
    stranger = FakeSumdb()
    stranger.record("example.com/m", "v1.0.0", "h1:evil", "h1:evil")
    with pytest.raises(Mismatch, match=r"checksum database sum\.example\.com is refused"):
        await read(source_of(kept, tmp_path, published(stranger)), request(LOOKUP))


async def test_a_record_that_is_not_in_the_tree_is_refused(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    answer = server.answers[LOOKUP]
    assert isinstance(answer, bytes)
    server.answers[LOOKUP] = answer.replace(b"h1:zip", b"h1:evil")
    with pytest.raises(Mismatch, match="its record is not number 300"):
        await read(source_of(kept, tmp_path, server), request(LOOKUP))


async def test_two_histories_are_a_lie(kept: FakeSumdb, tmp_path: Path) -> None:
    await read(source_of(kept, tmp_path, published(kept)), request(LATEST))
    kept.records[3] = b"example.com/rewritten v1.0.0 h1:x\n"
    kept.pad(10)
    with pytest.raises(Mismatch, match="contradicts its tree of 301"):
        await read(source_of(kept, tmp_path, published(kept)), request(LATEST))


async def test_a_newer_head_of_another_config_is_not_replaced(kept: FakeSumdb, tmp_path: Path) -> None:
    older = kept.head()
    await read(source_of(kept, tmp_path, published(kept)), request(LATEST))
    (tmp_path / "head").unlink()
    kept.pad(100)
    server = published(kept)
    newest = server.answers[LATEST]
    assert isinstance(newest, bytes)
    server.answers[LATEST] = older
    TreeHeads(tmp_path / "head").save(newest)
    # A server that is behind the others is no liar, and clients get the newest head that is known.
    assert await read(source_of(kept, tmp_path, server), request(LATEST)) == newest
    assert (tmp_path / "head").read_bytes() == newest


async def test_who_is_asked(kept: FakeSumdb, tmp_path: Path) -> None:
    server, serves, serves_not = published(kept), published(kept), FakeSource()
    await read(source_of(kept, tmp_path, server, serves_not, serves), request(LATEST))
    assert serves_not.keys == [f"{BASE}/supported"]
    assert serves.keys[:2] == [f"{BASE}/supported", LATEST]
    assert server.keys == []
    await read(source_of(kept, tmp_path, server, serves_not), request(LATEST))
    assert server.keys[0] == LATEST


async def test_a_tile_that_was_dropped_is_read_whole(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    kept.pad(300)
    fuller = published(kept)
    for path in list(server.answers):
        if "/tile/8/0/001.p/" in path:
            del server.answers[path]
    server.answers[f"{BASE}/tile/8/0/001"] = fuller.answers[f"{BASE}/tile/8/0/001"]
    await read(source_of(kept, tmp_path, server), request(LOOKUP))
    assert f"{BASE}/tile/8/0/001" in server.keys


async def test_tiles_that_are_missing_are_no_absence(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    for path in list(server.answers):
        if "/tile/" in path:
            del server.answers[path]
    with pytest.raises(Unavailable, match="which its tree needs"):
        await read(source_of(kept, tmp_path, server), request(LOOKUP))
    with pytest.raises(NotFound):
        await read(source_of(kept, tmp_path, server), request(f"{BASE}/lookup/example.com/none@v1.0.0"))


def tiles_of(held: HeldAnswers) -> list[str]:
    return sorted(key for key in held.answers if "/tile/" in key)


async def test_a_bad_tile_is_asked_for_again_and_never_kept(kept: FakeSumdb, tmp_path: Path) -> None:
    server, held = published(kept), HeldAnswers()
    tile = f"{BASE}/tile/8/0/001.p/45"
    good = server.answers[tile]
    assert isinstance(good, bytes)
    for bad in (bytes(len(good)), good[:-1], b"<html>", b""):
        server.answers[tile] = bad
        with pytest.raises(Mismatch, match="its tiles are not those of the signed tree of 301"):
            await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP))
        assert server.keys.count(tile) == 2
        assert tiles_of(held) == []
        server.requests.clear()
    server.answers[tile] = good
    assert await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP)) == server.answers[LOOKUP]
    assert tile in tiles_of(held)


async def test_a_held_tile_that_is_bad_is_replaced(kept: FakeSumdb, tmp_path: Path) -> None:
    server, held = published(kept), HeldAnswers()
    await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP))
    good = dict(held.answers)
    for key in tiles_of(held):
        held.answers[key] = bytes(len(held.answers[key]))
    await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP))
    assert held.answers == good


async def test_held_tiles_survive_a_lying_server(kept: FakeSumdb, tmp_path: Path) -> None:
    server, held = published(kept), HeldAnswers()
    await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP))
    good = dict(held.answers)
    answer = server.answers[LOOKUP]
    assert isinstance(answer, bytes)
    server.answers = {LOOKUP: answer.replace(b"h1:zip", b"h1:evil")}
    with pytest.raises(Mismatch, match="its record is not number 300"):
        await read(source_of(kept, tmp_path, server, held=held), request(LOOKUP))
    assert held.answers == good


@pytest.mark.parametrize("path", ["tile/8/0/000", "tile/8/0/001.p/45", "tile/8/0/001.p/7", "tile/8/1/000.p/1"])
async def test_a_tile_for_a_client_is_proved_first(kept: FakeSumdb, tmp_path: Path, path: str) -> None:
    server, held = published(kept), HeldAnswers()
    good = server.answers[f"{BASE}/{path}"]
    source = source_of(kept, tmp_path, server, held=held)
    async with source.fetch(request(f"{BASE}/{path}")) as fetched:
        assert fetched.keep
        assert b"".join([piece async for piece in fetched.body]) == good
    for key in [key for key in server.answers if "/tile/" in key]:
        server.answers[key] = b"x" * 8192
    held.answers.clear()
    with pytest.raises(Mismatch):
        await read(source_of(kept, tmp_path, server, held=held), request(f"{BASE}/{path}"))
    assert tiles_of(held) == []


async def test_a_tile_of_a_newer_head_than_was_known(kept: FakeSumdb, tmp_path: Path) -> None:
    await read(source_of(kept, tmp_path, published(kept)), request(LATEST))
    kept.pad(400)
    server = published(kept)
    path = f"{BASE}/tile/8/0/002.p/100"
    assert await read(source_of(kept, tmp_path, server), request(path)) == server.answers[path]
    assert (tmp_path / "head").read_bytes() == server.answers[LATEST]


async def test_what_no_proof_can_judge_is_passed_on_and_not_kept(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    for path in ("tile/8/data/000", "tile/4/0/000", "tile/8/0/009"):
        server.answers[f"{BASE}/{path}"] = b"something"
        async with source_of(kept, tmp_path, server).fetch(request(f"{BASE}/{path}")) as fetched:
            assert not fetched.keep
            assert b"".join([piece async for piece in fetched.body]) == b"something"


async def test_answers_have_a_bound(kept: FakeSumdb, tmp_path: Path) -> None:
    server = published(kept)
    server.answers[LOOKUP] = b"1\n" + b"x" * (1 << 20)
    with pytest.raises(Unavailable, match="larger than 65536 bytes"):
        await read(source_of(kept, tmp_path, server), request(LOOKUP))


async def test_a_head_that_is_kept_and_malformed_is_forgotten(kept: FakeSumdb, tmp_path: Path) -> None:
    (tmp_path / "head").write_bytes(b"\x00 half a file")
    server = published(kept)
    await read(source_of(kept, tmp_path, server), request(LOOKUP))
    assert (tmp_path / "head").read_bytes() == server.answers[LATEST]


async def test_a_fork_changes_nothing_that_is_kept(kept: FakeSumdb, tmp_path: Path) -> None:
    await read(source_of(kept, tmp_path, published(kept)), request(LATEST))
    before = (tmp_path / "head").read_bytes()
    stranger = FakeSumdb()
    stranger.pad(500)
    for liar in (published(stranger), FakeSource({LATEST: b"", LOOKUP: b"\xff" * 100})):
        for path in (LATEST, LOOKUP):
            with pytest.raises((Mismatch, NotFound)):
                await read(source_of(kept, tmp_path, liar), request(path))
    assert (tmp_path / "head").read_bytes() == before


async def test_an_upstream_that_fails_before_a_bar_is_passed_by(kept: FakeSumdb, tmp_path: Path) -> None:
    server, down = published(kept), FakeSource({f"{BASE}/supported": Unavailable("down")})
    held = HeldAnswers()
    for falls_back in (False, True):
        asked = DatabaseServer(database_of(kept), [DatabaseProxy(down, falls_back)], server)
        source = SumdbSource(database_of(kept), SharedDatabase(asked, None), TreeHeads(tmp_path / "head"), held)
        if falls_back:
            assert await read(source, request(LATEST)) == server.answers[LATEST]
        else:
            with pytest.raises(Unavailable, match="down"):
                await read(source, request(LATEST))


async def test_a_database_with_a_url_of_its_own_is_asked_itself(kept: FakeSumdb, tmp_path: Path) -> None:
    server, proxy = published(kept), published(kept)
    database = parse_gosumdb(f"{kept.verifier_key} https://sums.example.com")
    assert database is not None
    shared = SharedDatabase(DatabaseServer(database, [DatabaseProxy(proxy)], server), None)
    source = SumdbSource(database, shared, TreeHeads(tmp_path / "head"), HeldAnswers())
    await read(source, Request(SumdbTarget(database.name, "latest", Kind.TREE)))
    assert proxy.keys == []
