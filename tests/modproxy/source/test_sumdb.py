"""The answers of a checksum database are verified by its signature and its tree."""

from pathlib import Path

import pytest

from modproxy.mod.sumdb import Database, SumdbTarget, parse_gosumdb
from modproxy.source.protocol import Mismatch, NotFound, Source, Unavailable
from modproxy.source.sumdb import SumdbSource, TreeHeads
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.making import request
from tests.modproxy.source.fake_source import FakeSource, read

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


def source_of(kept: FakeSumdb, folder: Path, itself: Source, *proxies: Source) -> SumdbSource:
    async def through(target: SumdbTarget) -> bytes:
        return await read(made, request(target.key))

    made = SumdbSource(database_of(kept), proxies, itself, TreeHeads(folder / "head"), through)
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
    with pytest.raises(Mismatch, match="the answer of the database is refused"):
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
    with pytest.raises(Mismatch, match="contradicts the signed tree of 301"):
        await read(source_of(kept, tmp_path, published(kept)), request(LATEST))


async def test_a_newer_head_of_another_config_is_not_replaced(kept: FakeSumdb, tmp_path: Path) -> None:
    older = kept.head()
    kept.pad(100)
    server = published(kept)
    newest = server.answers[LATEST]
    assert isinstance(newest, bytes)
    server.answers[LATEST] = older

    async def through(target: SumdbTarget) -> bytes:
        TreeHeads(tmp_path / "head").save(newest)
        return await read(server, request(target.key))

    await read(SumdbSource(database_of(kept), [], server, TreeHeads(tmp_path / "head"), through), request(LATEST))
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
