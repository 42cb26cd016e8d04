"""Modules are what the checksum database says: go.mod before its first byte, a zip before it is published."""

import asyncio

import pytest

from modproxy.mod.archive import go_mod_hash
from modproxy.mod.pattern import parse_pattern
from modproxy.mod.sumdb import Database, parse_gosumdb
from modproxy.mod.vouching import TOOLCHAIN
from modproxy.source.protocol import Mismatch, NotFound, SourceError, Unavailable
from modproxy.source.verified import Verified
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.making import DATABASE, request
from tests.modproxy.source.fake_source import FakeSource, SlowSource, read
from tests.modproxy.source.held_answers import OneRecord, SlowRecords

MOD, ZIP, INFO, LIST = (f"example.com/m/@v/{file}" for file in ("v1.0.0.mod", "v1.0.0.zip", "v1.0.0.info", "list"))
GO_MOD = b"module example.com/m\n"
HEAD = b"\n\ngo.sum database tree\n1\nAAAA\n\n\xe2\x80\x94 sum.example.com AAAA\n"


def kept_database() -> Database:
    database = parse_gosumdb(FakeSumdb(DATABASE).verifier_key)
    assert database is not None
    return database


def record(path: str = "example.com/m", *, mod: bytes = GO_MOD, zip_hash: str = "h1:zip") -> bytes:
    return f"{path} v1.0.0 {zip_hash}\n{path} v1.0.0/go.mod {go_mod_hash(mod)}\n".encode()


def database_of(text: bytes) -> OneRecord:
    return OneRecord(b"7\n" + text + HEAD[1:])


def verified(source: FakeSource, database: OneRecord, *exempt: str, ahead: bool = True) -> Verified:
    return Verified(source, kept_database(), database, [parse_pattern(pattern) for pattern in exempt], ahead=ahead)


async def test_a_go_mod_that_is_vouched_for_comes_through() -> None:
    database = database_of(record())
    assert await read(verified(FakeSource({MOD: GO_MOD}), database), request(MOD)) == GO_MOD
    assert database.lookups == ["lookup/example.com/m@v1.0.0"]


async def test_another_go_mod_is_a_security_event() -> None:
    source = FakeSource({MOD: b"module example.com/evil\n"}, origin="upstream X")
    with pytest.raises(Mismatch, match="SECURITY: what upstream X sent is not what") as caught:
        await read(verified(source, database_of(record())), request(MOD))
    assert go_mod_hash(GO_MOD) in caught.value.reason


@pytest.mark.parametrize(("dirhash", "good"), [("h1:zip", True), ("h1:evil", False)])
async def test_a_zip_is_compared_before_it_is_published(dirhash: str, good: bool) -> None:
    source = verified(FakeSource({ZIP: b"bytes"}), database_of(record()))
    async with source.fetch(request(ZIP)) as fetched:
        assert fetched.check_dirhash is not None
        if good:
            await fetched.check_dirhash(dirhash)
        else:
            with pytest.raises(Mismatch, match="h1:evil"):
                await fetched.check_dirhash(dirhash)


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (NotFound("unknown"), 404, "does not know it, so it cannot be verified"),
        (Unavailable("down", 503), 503, "cannot be verified: down"),
    ],
)
async def test_what_cannot_be_looked_up_is_not_given(said: SourceError, status: int, why: str) -> None:
    with pytest.raises(SourceError, match=why) as caught:
        await read(verified(FakeSource({MOD: GO_MOD}), OneRecord(said)), request(MOD))
    assert caught.value.status == status


@pytest.mark.parametrize(
    "path", [LIST, "example.com/m/@latest", "example.com/m/@v/main.info", "example.com/m/@v/v2.0.0.info"]
)
async def test_what_has_no_record_passes(path: str) -> None:
    database = database_of(record())
    assert await read(verified(FakeSource({path: b"x"}), database), request(path)) == b"x"
    assert database.lookups == []


async def test_exempt_modules_are_looked_up_nowhere_but_toolchains_always() -> None:
    database = database_of(record())
    assert await read(verified(FakeSource({MOD: b"any"}), database, "example.com"), request(MOD)) == b"any"
    assert database.lookups == []
    toolchain = f"{TOOLCHAIN}/@v/v0.0.1-go1.26.0.linux-amd64.mod"
    with pytest.raises(Mismatch):
        await read(verified(FakeSource({toolchain: b"any"}), database, "golang.org"), request(toolchain))


async def test_a_source_without_an_answer_is_not_an_unverified_one() -> None:
    with pytest.raises(NotFound, match="fake has none"):
        await read(verified(FakeSource(), OneRecord(Unavailable("down"))), request(MOD))


async def test_the_files_of_a_version_share_one_record() -> None:
    database = database_of(record())
    source = verified(FakeSource({INFO: b"{}", MOD: GO_MOD, ZIP: b"bytes"}), database)

    async def zip_too() -> None:
        async with source.fetch(request(ZIP)) as fetched:
            assert fetched.check_dirhash is not None
            await fetched.check_dirhash("h1:zip")

    await asyncio.gather(read(source, request(INFO)), read(source, request(MOD)), zip_too())
    await asyncio.gather(read(source, request(MOD)), zip_too())
    assert database.lookups == ["lookup/example.com/m@v1.0.0"]


async def test_the_record_is_read_while_the_info_comes() -> None:
    database = database_of(record())
    source = SlowSource({INFO: b"{}"})
    reading = asyncio.create_task(read(verified(source, database), request(INFO)))
    await source.begun.wait()
    assert database.lookups == ["lookup/example.com/m@v1.0.0"]
    source.go_on.set()
    assert await reading == b"{}"


@pytest.mark.parametrize("exempt", [(), ("example.com",)])
async def test_no_record_of_a_private_or_exempt_module_is_read_ahead(exempt: tuple[str, ...]) -> None:
    database = database_of(record())
    await read(verified(FakeSource({INFO: b"{}"}), database, *exempt, ahead=bool(exempt)), request(INFO))
    await asyncio.sleep(0)
    assert database.lookups == []


async def test_an_error_of_a_record_that_is_read_ahead_is_forgotten() -> None:
    database = OneRecord(Unavailable("down"))
    source = verified(FakeSource({INFO: b"{}", MOD: GO_MOD}), database)
    assert await read(source, request(INFO)) == b"{}"
    await asyncio.sleep(0)
    database.answer = b"7\n" + record() + HEAD[1:]
    assert await read(source, request(MOD)) == GO_MOD
    assert len(database.lookups) == 2


async def test_records_that_are_read_ahead_are_bounded() -> None:
    database = SlowRecords()
    infos = [f"example.com/m{number}/@v/v1.0.0.info" for number in range(500)]
    source = verified(FakeSource(dict.fromkeys(infos, b"{}")), database)
    for path in infos:
        assert await read(source, request(path)) == b"{}"
    await asyncio.sleep(0)
    assert 0 < len(database.lookups) < 100
    # What has to be verified is looked up all the same.
    mod = asyncio.create_task(read(source, request("example.com/other/@v/v1.0.0.mod")))
    while "lookup/example.com/other@v1.0.0" not in database.lookups:
        await asyncio.sleep(0)
    mod.cancel()
