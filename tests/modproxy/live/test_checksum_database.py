"""The checksum database through a replica: it is served, cached, and decides which modules are served."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.mod.archive import go_mod_hash
from modproxy.mod.path import check_path, escape
from modproxy.mod.version import Version
from modproxy.mod.zip_arriving import check_and_hash
from tests.kubernetes.eventually import eventually
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_sumdb import NAME, FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.module_files import module_zip
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed"
LOOKUP = f"sumdb/{NAME}/lookup/{M}@v1.0.0"


def vouch(database: FakeSumdb, upstream: FakeUpstream, path: str, version: str) -> None:
    """Record what the upstream serves for a module now."""
    stem = f"{escape(path)}/@v/{version}"
    file = io.BytesIO(upstream.files[f"{stem}.zip"])
    zip_hash = check_and_hash(file, check_path(path), Version(version))
    database.record(path, version, zip_hash, go_mod_hash(upstream.files[f"{stem}.mod"]))


@pytest.fixture
def database(upstream: FakeUpstream, tmp_path: Path) -> FakeSumdb:
    database = FakeSumdb()
    database.pad(300)
    for version in ("v1.0.0", "v1.1.0"):
        vouch(database, upstream, "example.com/Mixed", version)
    database.publish(upstream.files)
    return database


@pytest.fixture
async def proxy(upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    config = {
        "upstream": {
            "goproxy": upstream.url, "timeout": "2s", "gosumdb": database.verifier_key,
            "goprivate": ["private.example.com"], "gonoproxy": [],
        }
    }  # fmt: skip
    async with ProxyProcess(tmp_path / "fleet", config) as process:
        yield process


async def test_the_go_command_verifies_through_the_fleet_and_again_without_upstream(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        client = GoClient(tmp_path / name, f"{proxy.url},off", GOSUMDB=database.verifier_key)
        await client.succeed("mod", "init", "example.com/project")
        await client.succeed("get", "example.com/Mixed@v1.0.0")
        assert "example.com/Mixed v1.0.0 h1:" in (client.project / "go.sum").read_text()
        for key in list(upstream.files):
            upstream.behaviours[key] = fake.status(500)  # from now on stored files have to answer


async def test_what_is_asked_for_is_asked_once(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    for suffix in ("mod", "zip"):
        assert (await proxy.get(f"{M}/@v/v1.0.0.{suffix}")).status == 200
    assert upstream.requests[LOOKUP] == 1
    reply = await proxy.get(LOOKUP)
    assert reply.body == upstream.files[LOOKUP]
    assert upstream.requests[LOOKUP] == 1
    assert (await proxy.get(f"sumdb/{NAME}/supported")).status == 200
    assert (await proxy.get(f"sumdb/{NAME}/latest")).body == upstream.files[f"sumdb/{NAME}/latest"]
    tile = await proxy.get(f"sumdb/{NAME}/tile/8/0/000")
    assert (tile.headers["Content-Type"], len(tile.body)) == ("application/octet-stream", 256 * 32)


async def test_the_record_is_read_when_the_info_is_asked_for(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    for path in (f"{M}/@v/list", f"{M}/@latest"):
        assert (await proxy.get(path)).status == 200
    assert not any("/sumdb/" in f"/{key}" for key in upstream.requests)
    assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200
    await eventually(lambda: upstream.requests[LOOKUP] == 1, "the record is read")
    both = (proxy.get(f"{M}/@v/v1.0.0.mod"), proxy.get(f"{M}/@v/v1.0.0.zip"))
    assert [reply.status for reply in await asyncio.gather(*both)] == [200, 200]
    assert max(upstream.requests.values()) == 1, upstream.requests


async def test_nothing_is_read_ahead_of_what_is_not_verified(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb
) -> None:
    upstream.add("private.example.com/secret", "v1.0.0")
    assert (await proxy.get("private.example.com/secret/@v/v1.0.0.info")).status == 200
    proxy.write_config(upstream={"goproxy": upstream.url, "gosumdb": "off"})
    await proxy.until_report(lambda report: report.config.generation == 2)
    assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200
    assert (await proxy.get(f"{M}/@v/v1.0.0.zip")).status == 200
    assert not any("sumdb" in key for key in upstream.requests)


async def test_another_zip_than_the_one_vouched_for(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v1.0.0.zip"
    good = upstream.files[key]
    upstream.files[key] = module_zip("example.com/Mixed", "v1.0.0", {"m.go": b"package evil\n"})
    reply = await proxy.get(key)
    assert (reply.status, "SECURITY" in reply.text) == (502, True)
    assert key not in await proxy.held()
    assert "modproxy_checksum_mismatches_total 1.0" in await proxy.metrics()
    assert "SECURITY" in proxy.log()
    upstream.files[key] = good
    assert (await proxy.get(key)).body == good


async def test_another_go_mod_than_the_one_vouched_for(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = f"{M}/@v/v1.0.0.mod"
    upstream.files[key] += b"// evil\n"
    reply = await proxy.get(key)
    assert (reply.status, "SECURITY" in reply.text) == (502, True)
    assert key not in await proxy.held()


async def test_a_module_that_the_database_does_not_know(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.add("example.com/unknown", "v1.0.0")
    reply = await proxy.get("example.com/unknown/@v/v1.0.0.mod")
    assert (reply.status, "goprivate" in reply.text) == (404, True)
    assert not any("unknown" in key and "lookup" not in key for key in await proxy.held())


async def test_a_database_out_of_reach_is_no_absence(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.behaviours[LOOKUP] = fake.status(503)
    reply = await proxy.get(f"{M}/@v/v1.0.0.mod")
    assert (reply.status, "verified" in reply.text) == (503, True)
    del upstream.behaviours[LOOKUP]
    assert (await proxy.get(f"{M}/@v/v1.0.0.mod")).status == 200


async def test_a_forged_record(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    upstream.files[LOOKUP] = upstream.files[LOOKUP].replace(b"h1:", b"h1:A", 1)
    reply = await proxy.get(LOOKUP)
    assert (reply.status, "not number" in reply.text) == (502, True)
    assert LOOKUP not in await proxy.held()


async def test_a_database_that_rewrites_its_past(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    assert (await proxy.get(LOOKUP)).status == 200
    database.records[5] = b"example.com/pad5 v1.0.0 h1:rewritten\n"
    upstream.add("example.com/new", "v1.0.0")
    vouch(database, upstream, "example.com/new", "v1.0.0")
    database.publish(upstream.files)
    reply = await proxy.get("example.com/new/@v/v1.0.0.mod")
    assert reply.status == 502
    assert "SECURITY" in proxy.log()
    assert "modproxy_checksum_mismatches_total 0.0" not in await proxy.metrics()


async def test_a_private_name_is_never_told(proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb) -> None:
    upstream.add("private.example.com/secret", "v1.0.0")
    assert (await proxy.get("private.example.com/secret/@v/v1.0.0.zip")).status == 200
    lookup = await proxy.get(f"sumdb/{NAME}/lookup/private.example.com/secret@v1.0.0")
    assert lookup.status == 404
    assert not database.requests(upstream)


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("sumdb/sum.example.org/supported", 404),
        (f"sumdb/{NAME}/nothing", 404),
        (f"sumdb/{NAME}/tile/8/0/0", 404),
        (f"sumdb/{NAME}/lookup/example.com/m", 400),
        (f"sumdb/{NAME}/lookup/example.com/Mixed@v1.0.0", 400),
        (f"sumdb/{NAME}/lookup/example.com/m@main", 400),
        (f"sumdb/{NAME}/tile/8/0/999", 404),
    ],
)
async def test_paths_that_lead_nowhere(proxy: ProxyProcess, key: str, status: int) -> None:
    assert (await proxy.get(key)).status == status
