"""A vulnerability database over HTTP and from a folder: what is taken of it, and what it may say without harm."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from modproxy.facts.database_files import DatabaseFaultError, Get, read_database, read_modified
from modproxy.facts.vulnerability_database import VulnerabilityDatabase
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream

M = "example.com/m"


def entry(id_: str, module: str = M, fixed: str = "1.1.0") -> bytes:
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = [{"package": {"name": module}, "ranges": [{"type": "SEMVER", "events": events}]}]
    return json.dumps(
        {"id": id_, "database_specific": {"review_status": "REVIEWED"}, "affected": affected}
    ).encode()  # fmt: skip


def serve(server: FakeUpstream, modified: str, *ids: str) -> None:
    server.files["index/db.json"] = json.dumps({"modified": modified}).encode()
    server.files["index/modules.json"] = json.dumps([{"path": M, "vulns": [{"id": id_} for id_ in ids]}]).encode()
    for id_ in ids:
        server.files[f"ID/{id_}.json"] = entry(id_)


@pytest.fixture
async def get(upstream: FakeUpstream) -> AsyncIterator[Get]:
    async with aiohttp.ClientSession() as session:

        async def get(name: str, largest: int) -> bytes | None:
            async with session.get(f"{upstream.url}/{name}") as answer:
                if answer.status == 404:
                    return None
                if answer.status != 200:
                    raise DatabaseFaultError(f"answered {answer.status}")
                return await answer.read()

        yield get


async def test_it_is_read_again_only_when_it_was_modified(upstream: FakeUpstream, get: Get, tmp_path: Path) -> None:
    changes: list[int] = []
    database = VulnerabilityDatabase("https://vuln.example.com", get, tmp_path, lambda: changes.append(1))
    assert "denyVulnerable refuses nothing" in database.warnings[0]
    serve(upstream, "2026-01-01T00:00:00Z", "GO-2024-0001", "GO-2024-0002")
    assert await database.refresh()
    assert await database.refresh()
    assert (upstream.requests["ID/GO-2024-0001.json"], len(changes), database.warnings) == (1, 1, ())
    assert database.table is not None
    assert [one.id for one in database.table.of(M)] == ["GO-2024-0001", "GO-2024-0002"]
    serve(upstream, "2026-01-02T00:00:00Z", "GO-2024-0003")
    assert await database.refresh()
    assert ([one.id for one in database.table.of(M)], len(changes)) == (["GO-2024-0003"], 2)
    # Out of reach, and after a restart, the last table is used.
    upstream.behaviours["index/db.json"] = fake.status(503)
    assert not await database.refresh()
    again = VulnerabilityDatabase("https://vuln.example.com", get, tmp_path, lambda: changes.append(1))
    await again.load()
    assert not await again.refresh()
    assert again.table is not None
    assert len(again.table.of(M)) == 1
    assert "its state of 2026-01-02" in again.warnings[0]
    other = VulnerabilityDatabase("https://other.example.com", get, tmp_path, lambda: None)
    await other.load()
    assert other.table is None


async def test_a_zip_spares_requests(upstream: FakeUpstream, get: Get) -> None:
    serve(upstream, "2026-01-01T00:00:00Z", "GO-2024-0001")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("ID/GO-2024-0007.json", entry("GO-2024-0007"))
        archive.writestr("ID/GO-2024-0008.json", b"[" * 100_000)
        archive.writestr("ID/../../GO-2024-0009x.json", b"{}")
        archive.writestr("index/db.json", b"{}")
    upstream.files["vulndb.zip"] = out.getvalue()
    table, faults = await read_database(get, "x")
    assert [one.id for one in table.of(M)] == ["GO-2024-0007"]
    assert faults == ["GO-2024-0008: it is not JSON"]
    assert not upstream.requests["ID/GO-2024-0001.json"]
    upstream.files["vulndb.zip"] = b"PK no zip"
    with pytest.raises(DatabaseFaultError, match=r"vulndb\.zip"):
        await read_database(get, "x")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"modified": 7}', b'{"modified": ""}', b"[" * 60_000])
async def test_an_absurd_time_is_a_fault(upstream: FakeUpstream, get: Get, body: bytes) -> None:
    upstream.files["index/db.json"] = body
    with pytest.raises(DatabaseFaultError, match=r"index/db\.json"):
        await read_modified(get)


async def test_an_absurd_index_asks_for_nothing_else(upstream: FakeUpstream, get: Get) -> None:
    rows = [7, None, {"vulns": 3}, {"vulns": [{"id": "../../../etc/passwd"}, {"id": "GO-2024-1/../x"}, {"id": 5}, 9]}]
    upstream.files["index/modules.json"] = json.dumps(rows).encode()
    table, faults = await read_database(get, "x")
    assert (len(table), faults) == (0, [])
    assert set(upstream.requests) == {"vulndb.zip", "index/modules.json"}
    upstream.files["index/modules.json"] = json.dumps(
        [{"vulns": [{"id": f"GO-2024-{number:07d}"} for number in range(1_000_000)]}]
    ).encode()
    with pytest.raises(DatabaseFaultError, match="more than 200000 entries"):
        await read_database(get, "x")
    upstream.files["index/modules.json"] = b"{}"
    with pytest.raises(DatabaseFaultError, match="no list"):
        await read_database(get, "x")


async def test_one_bad_entry_leaves_the_others(upstream: FakeUpstream, get: Get, tmp_path: Path) -> None:
    serve(upstream, "2026-01-01T00:00:00Z", "GO-2024-0001", "GO-2024-0002")
    upstream.files["ID/GO-2024-0001.json"] = b'{"id": {}}'
    database = VulnerabilityDatabase("https://vuln.example.com", get, tmp_path, lambda: None)
    assert await database.refresh()
    assert "1 entries of the vulnerability database are malformed: GO-2024-0001" in database.warnings[0]
    assert database.table is not None
    assert [one.id for one in database.table.of(M)] == ["GO-2024-0002"]


async def test_a_zip_of_a_million_files_takes_no_memory() -> None:
    member = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0x21, 0, 0, 0, 1, *[0] * 6) + b"a"
    directory = member * 400_000
    packed = directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)

    async def get(name: str, _largest: int) -> bytes | None:
        return packed if name == "vulndb.zip" else None

    tracemalloc.start()
    try:
        with pytest.raises(DatabaseFaultError, match=r"vulndb\.zip with more than"):
            await read_database(get, "2026-01-01T00:00:00Z")
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
