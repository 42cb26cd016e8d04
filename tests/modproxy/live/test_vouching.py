"""A file is served only while the rules in force would have let it in, and whoever vouched for it is remembered."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from modproxy.mod.archive import go_mod_hash
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.module_files import module_zip
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/!mixed/@v"
MOD, ZIP, INFO = f"{M}/v1.0.0.mod", f"{M}/v1.0.0.zip", f"{M}/v1.0.0.info"


@pytest.fixture
def database(upstream: FakeUpstream) -> FakeSumdb:
    """A database whose name has a slash, as that of cmd/go's own tests."""
    made = FakeSumdb("localhost.localdev/sumdb")
    made.pad(300)
    vouch(made, upstream, "example.com/Mixed", "v1.0.0")
    made.publish(upstream.files)
    return made


@pytest.fixture
async def proxy(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    config = {"upstream": {"goproxy": upstream.url, "timeout": "2s", "gosumdb": "off"}}
    async with ProxyProcess(tmp_path / "fleet", config) as process:
        yield process


async def change(proxy: ProxyProcess, upstream: FakeUpstream, **fields: Any) -> None:
    """Put another `upstream` into the config, and wait until it is in force."""
    before = (await proxy.report()).config.generation
    proxy.write_config(upstream={"goproxy": upstream.url, "timeout": "2s", **fields})
    await proxy.until_report(lambda report: report.config.generation > before)


async def test_what_nobody_vouched_for_is_verified_once_a_database_is_in_force(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb
) -> None:
    good = dict(upstream.files)
    upstream.files[ZIP] = module_zip("example.com/Mixed", "v1.0.0", {"m.go": b"package evil\n"})
    upstream.files[MOD] += b"// evil\n"
    for key in (MOD, ZIP, INFO):
        assert (await proxy.get(key)).status == 200
    await change(proxy, upstream, gosumdb=database.verifier_key)
    for key in (MOD, ZIP):
        reply = await proxy.get(key)
        assert (reply.status, "SECURITY" in reply.text) == (502, True)
        assert (await proxy.get(key, Disable_Module_Fetch="true")).status == 404
    upstream.files.update(good)
    for key in (MOD, ZIP):
        assert (await proxy.get(key)).body == good[key]
    # An .info has no hash, so the database says nothing of it.
    assert upstream.requests[INFO] == 1


async def test_who_vouched_survives_a_restart(proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb) -> None:
    await change(proxy, upstream, gosumdb=database.verifier_key)
    for key in (MOD, ZIP):
        assert (await proxy.get(key)).status == 200
    await proxy.settled()
    await proxy.kill()
    for key in list(upstream.files):
        upstream.behaviours[key] = fake.status(500)
    upstream.requests.clear()
    await proxy.start()
    for key in (MOD, ZIP):
        assert (await proxy.get(key)).status == 200
    assert not upstream.requests


async def test_what_upstream_gave_is_not_served_once_the_module_is_private(
    proxy: ProxyProcess, upstream: FakeUpstream
) -> None:
    for key in (MOD, INFO, f"{M}/list"):
        assert (await proxy.get(key)).status == 200
    await change(proxy, upstream, gosumdb="off", goprivate=["example.com"], directTimeout="1s")
    for key in (MOD, INFO, f"{M}/list"):
        assert (await proxy.get(key)).status in (404, 502, 503, 504)
        assert (await proxy.get(key, Disable_Module_Fetch="true")).status == 404


async def test_a_database_with_a_slash_in_its_name(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb
) -> None:
    await change(proxy, upstream, gosumdb=database.verifier_key)
    base = f"sumdb/{database.name}"
    assert (await proxy.get(f"{base}/supported")).status == 200
    lookup = f"{base}/lookup/example.com/!mixed@v1.0.0"
    for path in (lookup, f"{base}/latest", f"{base}/tile/8/0/000", f"{base}/tile/8/0/001.p/45"):
        assert (await proxy.get(path)).body == upstream.files[path], path
    assert (await proxy.get("sumdb/localhost.localdev/supported")).status == 404
    assert (await proxy.get("sumdb/localhost.localdev/sumdb2/supported")).status == 404
    assert not any("localhost.localdev" in key for key in await proxy.held()), "the name is no path"


async def test_the_go_command_verifies_by_a_database_with_a_slash(
    proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    await change(proxy, upstream, gosumdb=database.verifier_key)
    client = GoClient(tmp_path / "client", f"{proxy.url},off", GOSUMDB=database.verifier_key)
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", "example.com/Mixed@v1.0.0")
    assert "example.com/Mixed v1.0.0 h1:" in (client.project / "go.sum").read_text()


async def test_one_bad_tile_harms_one_answer(proxy: ProxyProcess, upstream: FakeUpstream, database: FakeSumdb) -> None:
    await change(proxy, upstream, gosumdb=database.verifier_key)
    tiles = [key for key in upstream.files if "/tile/" in key]
    good = {key: upstream.files[key] for key in tiles}
    for key in tiles:
        upstream.files[key] = bytes(len(good[key]))
    assert (await proxy.get(MOD)).status == 502
    assert (await proxy.get(tiles[0])).status == 502
    upstream.files.update(good)
    reply = await proxy.get(MOD)
    assert (reply.status, reply.body) == (200, upstream.files[MOD])
    assert go_mod_hash(reply.body) in json.dumps(database.records[300].decode())
