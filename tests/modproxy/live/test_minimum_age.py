"""Minimum age and known vulnerabilities with the real go command against a real replica."""

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from modproxy.mod.sumdb import database_folder
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.proxy_process import ProxyProcess

M = "example.com/aged"
OLD, FRESH = ("v1.0.0", "v1.1.0"), ("v1.1.1", "v1.2.0")
DAY = 24 * 3600.0


@pytest.fixture
def database(upstream: FakeUpstream) -> FakeSumdb:
    """Have old versions, then what came to the log since."""
    upstream.add(M, *OLD, *FRESH)
    database = FakeSumdb()
    for version in OLD:
        vouch(database, upstream, M, version)
    database.pad(10)
    for version in FRESH:
        vouch(database, upstream, M, version)
    database.publish(upstream.files)
    return database


def config(upstream: FakeUpstream, database: FakeSumdb, **modules: Any) -> dict[str, Any]:
    return {
        "fleet": "build/team-a",
        "upstream": {"goproxy": upstream.url, "timeout": "2s", "gosumdb": database.verifier_key},
        "modules": {"contact": "#go-modules", **modules},
    }


def watched(folder: Path, database: FakeSumdb, size: int) -> None:
    """Let the replica have watched the log: it had `size` records four days ago, and at each hour since."""
    id_ = "+".join(database.verifier_key.split("+")[:2])
    file = folder / "cache" / ".modproxy" / "facts" / f"{database_folder(id_)}.heads"
    file.parent.mkdir(parents=True)
    now = time.time()
    heads = [[now - 4 * DAY, size], [now - 3 * DAY - 3600, size], [now - 2 * DAY, size]]
    file.write_text(json.dumps(heads))


@pytest.fixture
async def proxy(upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    watched(tmp_path / "fleet", database, len(OLD))
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, minimumAge="72h")) as process:
        yield process


@pytest.fixture
async def client(proxy: ProxyProcess, database: FakeSumdb, tmp_path: Path) -> GoClient:
    client = GoClient(tmp_path / "client", f"{proxy.url},off", GOSUMDB=database.verifier_key)
    await client.succeed("mod", "init", "example.com/project")
    return client


async def test_an_update_ends_at_an_allowed_version(client: GoClient, proxy: ProxyProcess) -> None:
    await client.succeed("get", f"{M}@v1.0.0")
    assert await client.succeed("list", "-m", "-versions", M) == f"{M} v1.0.0 v1.1.0\n"
    (client.project / "main.go").write_text(f'package main\n\nimport _ "{M}"\n\nfunc main() {{}}\n')
    assert f"{M} v1.0.0 [v1.1.0]" in await client.succeed("list", "-m", "-u", "all")
    await client.succeed("get", "-u", "./...")
    assert f"{M} v1.1.0" in await client.succeed("list", "-m", "all")
    await client.succeed("get", f"{M}@latest")
    assert f"{M} v1.1.0" in await client.succeed("list", "-m", "all")
    assert json.loads((await proxy.get(f"{M}/@latest")).body)["Version"] == "v1.1.0"
    await client.succeed("mod", "tidy")


async def test_a_version_that_is_asked_for_by_name_is_refused_with_the_way_out(client: GoClient) -> None:
    result = await client.go("get", f"{M}@v1.2.0")
    assert result.code != 0
    for words in (
        "403",
        f"{M}@v1.2.0 may not be served by GoProxy build/team-a",
        "record 13",
        "modules.minimumAge is 72h",
        f"go get {M}@v1.1.0",
        "ask #go-modules",
    ):
        assert words in result.err
    # A go.mod and a go.sum that pin it get the same words.
    (client.project / "go.mod").write_text(f"module example.com/project\n\ngo 1.21\n\nrequire {M} v1.2.0\n")
    (client.project / "main.go").write_text(f'package main\n\nimport _ "{M}"\n\nfunc main() {{}}\n')
    pinned = await client.go("mod", "download", M)
    assert pinned.code != 0
    assert f"go get {M}@v1.1.0" in pinned.err


@pytest.mark.parametrize("suffix", ["info", "mod", "zip"])
@pytest.mark.parametrize("spelling", ["v1.2.0", "v1%2E2.0"])
async def test_each_file_and_spelling_of_a_young_version_is_refused(
    proxy: ProxyProcess, suffix: str, spelling: str
) -> None:
    for method in ("GET", "HEAD"):
        assert (await proxy.get(f"{M}/@v/{spelling}.{suffix}", method)).status == 403
    assert (await proxy.get(f"{M}/@v/v1.1.0.{suffix}")).status == 200
    for headers in ({"Range": "bytes=0-"}, {"If_None_Match": "*"}, {"Disable_Module_Fetch": "true"}):
        assert (await proxy.get(f"{M}/@v/{spelling}.{suffix}", **headers)).status in (403, 404)


async def test_no_way_of_asking_for_a_list_leaks_a_young_version(proxy: ProxyProcess) -> None:
    whole = await proxy.get(f"{M}/@v/list")
    assert whole.body == b"v1.0.0\nv1.1.0\n"
    for _ in range(4):  # from the store, and from the memo of hits
        again = await proxy.get(f"{M}/@v/list")
        assert again.body == whole.body
        assert again.headers["ETag"] == whole.headers["ETag"]
    assert (await proxy.get(f"{M}/@v/list", Range="bytes=0-99")).body == whole.body
    assert (await proxy.get(f"{M}/@v/list", "HEAD")).headers["Content-Length"] == str(len(whole.body))


async def test_a_query_is_judged_by_what_it_means(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    for query, version in (("main", "v1.2.0"), ("stable", "v1.1.0")):
        upstream.files[f"{M}/@v/{query}.info"] = upstream.files[f"{M}/@v/{version}.info"]
    assert (await proxy.get(f"{M}/@v/main.info")).status == 403
    assert (await proxy.get(f"{M}/@v/stable.info")).status == 200


async def test_the_time_of_an_info_moves_nothing(
    upstream: FakeUpstream, database: FakeSumdb, proxy: ProxyProcess
) -> None:
    upstream.files[f"{M}/@v/v1.2.0.info"] = b'{"Version":"v1.2.0","Time":"2001-01-01T00:00:00Z"}'
    assert (await proxy.get(f"{M}/@v/v1.2.0.info")).status == 403
    upstream.files[f"{M}/@v/v1.1.0.info"] = b'{"Version":"v1.1.0","Time":"2999-01-01T00:00:00Z"}'
    assert (await proxy.get(f"{M}/@v/v1.1.0.info")).status == 200


async def test_a_dry_run_serves_and_counts(upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path) -> None:
    watched(tmp_path / "fleet", database, len(OLD))
    modules = {"minimumAge": "72h", "minimumAgeMode": "DryRun"}
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, **modules)) as proxy:
        assert (await proxy.get(f"{M}/@v/v1.2.0.info")).status == 200
        assert b"v1.2.0" in (await proxy.get(f"{M}/@v/list")).body
        assert "DryRun" in proxy.log()
        metrics = await (await proxy.session.get(f"{proxy.admin_url}/metrics")).text()
        assert 'rule="age"' in metrics


async def test_excluded_modules_need_no_wait(upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path) -> None:
    watched(tmp_path / "fleet", database, len(OLD))
    modules = {"minimumAge": "72h", "minimumAgeExclude": ["example.com/other"]}
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, **modules)) as proxy:
        assert (await proxy.get(f"{M}/@v/v1.2.0.info")).status == 403
        proxy.write_config(modules={"minimumAge": "72h", "minimumAgeExclude": [M]})
        await proxy.until_report(lambda report: report.config.generation == 2)
        assert (await proxy.get(f"{M}/@v/v1.2.0.info")).status == 200
        assert b"v1.2.0" in (await proxy.get(f"{M}/@v/list")).body


def vulnerable(folder: Path, *, fixed: str, id_: str = "GO-2024-1234", modified: str = "2026-01-01T00:00:00Z") -> None:
    entry = {
        "id": id_, "modified": modified, "database_specific": {"review_status": "REVIEWED"},
        "affected": [
            {"package": {"name": M, "ecosystem": "Go"},
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}
        ],
    }  # fmt: skip
    (folder / "ID").mkdir(parents=True, exist_ok=True)
    (folder / "index").mkdir(exist_ok=True)
    (folder / "ID" / f"{id_}.json").write_text(json.dumps(entry))
    rows = [{"path": M, "vulns": [{"id": id_, "modified": modified, "fixed": fixed}]}]
    (folder / "index" / "modules.json").write_text(json.dumps(rows))
    (folder / "index" / "db.json").write_text(json.dumps({"modified": modified}))


async def test_a_vulnerable_version_is_refused_and_the_fixed_one_is_named(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    folder = tmp_path / "vulndb"
    vulnerable(folder, fixed="1.1.0")
    modules = {"denyVulnerable": True, "vulnerabilities": {"url": f"file://{folder}"}}
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, **modules)) as proxy:
        await proxy.until_report(lambda report: not report.config.warnings)
        client = GoClient(tmp_path / "client", f"{proxy.url},off", GOSUMDB=database.verifier_key)
        await client.succeed("mod", "init", "example.com/project")
        result = await client.go("get", f"{M}@v1.0.0")
        assert "GO-2024-1234" in result.err
        assert f"go get {M}@v1.1.0, the first fixed version that may be had" in result.err
        await client.succeed("get", M)
        assert (await proxy.get(f"{M}/@v/list")).body == b"v1.1.0\nv1.1.1\nv1.2.0\n"
        excepted = {"url": f"file://{folder}", "except": ["GO-2024-1234"]}
        proxy.write_config(modules={**modules, "vulnerabilities": excepted})
        await proxy.until_report(lambda report: report.config.generation == 2)
        assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200


async def test_without_any_database_nothing_is_refused_and_the_report_says_so(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    modules = {"denyVulnerable": True, "vulnerabilities": {"url": f"file://{tmp_path}/nowhere"}}
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, **modules)) as proxy:
        report = await proxy.until_report(lambda report: bool(report.config.warnings))
        assert "denyVulnerable refuses nothing" in report.config.warnings[0]
        assert (await proxy.get(f"{M}/@v/v1.0.0.info")).status == 200


async def test_the_end_of_a_known_vulnerability_need_not_wait(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    watched(tmp_path / "fleet", database, len(OLD))
    vulnerable(tmp_path / "vulndb", fixed="1.1.1")
    modules = {
        "minimumAge": "72h", "denyVulnerable": True, "vulnerabilities": {"url": f"file://{tmp_path}/vulndb"}
    }  # fmt: skip
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, **modules)) as proxy:
        await proxy.until_report(lambda report: not report.config.warnings)
        assert (await proxy.get(f"{M}/@v/v1.1.1.info")).status == 200
        assert (await proxy.get(f"{M}/@v/v1.2.0.info")).status == 403  # the database does not name it
        refused = await proxy.get(f"{M}/@v/v1.1.0.info")
        assert refused.status == 403
        assert f"go get {M}@v1.1.1, the first fixed version" in refused.text


async def test_a_long_list_costs_few_lookups_and_ends_at_allowed_versions(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    """The newest of each minor version is young here, so that two of each have to be looked up."""
    long = "example.com/long"
    versions = [f"v1.{minor}.{patch}" for minor in range(20) for patch in range(10)]
    young = {version for version in versions if version.endswith(".9")}
    upstream.files[f"{long}/@v/list"] = "".join(f"{version}\n" for version in versions).encode()
    for version in sorted(versions, key=lambda version: version in young):
        database.record(long, version, "h1:x", "h1:y")
    database.publish(upstream.files)
    watched(tmp_path / "fleet", database, len(database.records) - len(young))
    async with ProxyProcess(tmp_path / "fleet", config(upstream, database, minimumAge="72h")) as proxy:
        listed = (await proxy.get(f"{long}/@v/list")).text.split()
        assert listed == [version for version in versions if version not in young]
        asked = sum(count for key, count in upstream.requests.items() if "/lookup/" in key)
        assert asked <= 64
        # The list is read again, and what is known costs nothing.
        again = (await proxy.get(f"{long}/@v/list")).text.split()
        assert again == listed
