"""The real go command through the proxy: made modules with every kind of answer, and real modules."""

import shutil
from pathlib import Path

import pytest

from modproxy.source.vcs.go_env import go_env
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.module_files import module_zip
from tests.modproxy.proxy_process import ProxyProcess

PROJECT = Path(__file__).parent / "go_project"


@pytest.fixture
def client(proxy: ProxyProcess, tmp_path: Path) -> GoClient:
    return GoClient(tmp_path / "client", f"{proxy.url},off")


async def test_get_list_download_and_build(client: GoClient, upstream: FakeUpstream) -> None:
    upstream.add("example.com/Mixed/v2", "v2.0.0")
    upstream.add("example.com/old", "v3.0.0+incompatible")
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed(
        "get", "example.com/Mixed", "example.com/Mixed/v2@latest", "example.com/old@v3.0.0+incompatible"
    )
    listed = await client.succeed("list", "-m", "all")
    assert "example.com/Mixed v1.1.0" in listed
    assert "example.com/Mixed/v2 v2.0.0" in listed
    assert "example.com/old v3.0.0+incompatible" in listed
    assert await client.succeed("list", "-m", "-versions", "example.com/Mixed") == "example.com/Mixed v1.0.0 v1.1.0\n"
    assert await client.succeed("mod", "verify") == "all modules verified\n"
    (client.project / "main.go").write_text('package main\n\nimport _ "example.com/Mixed"\n\nfunc main() {}\n')
    await client.succeed("mod", "tidy")
    await client.succeed("build", "./...")


async def test_install_and_gopkg_in(client: GoClient, upstream: FakeUpstream) -> None:
    upstream.add("gopkg.in/made.v2", "v2.1.0")
    upstream.add("example.com/tool", "v1.2.0", payload=b"package main\n\nfunc main() { println(42) }\n")
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", "gopkg.in/made.v2")
    assert "gopkg.in/made.v2 v2.1.0" in await client.succeed("list", "-m", "all")
    await client.succeed("install", "example.com/tool@latest")
    assert (client.project.parent / "go" / "bin" / "tool").exists()


async def test_a_branch_and_a_commit_become_a_pseudo_version(client: GoClient, upstream: FakeUpstream) -> None:
    version = "v1.1.1-0.20240203040506-0123456789ab"
    upstream.add("example.com/Mixed", "v1.0.0", "v1.1.0", version)
    base = "example.com/!mixed/@v"
    upstream.files[f"{base}/list"] = b"v1.0.0\nv1.1.0\n"
    for query in ("main", "0123456789ab"):
        upstream.files[f"{base}/{query}.info"] = upstream.files[f"{base}/{version}.info"]
        assert version in await client.succeed("list", "-m", f"example.com/Mixed@{query}")
    slashed = await client.go("list", "-m", "example.com/Mixed@feature/x")
    assert slashed.code != 0


async def test_a_version_without_its_suffix_becomes_incompatible(client: GoClient, upstream: FakeUpstream) -> None:
    upstream.add("example.com/old", "v1.0.0", "v2.0.0+incompatible")
    upstream.files["example.com/old/@v/v2.0.0.info"] = upstream.files["example.com/old/@v/v2.0.0+incompatible.info"]
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", "example.com/old@v2.0.0")
    assert "example.com/old v2.0.0+incompatible" in await client.succeed("list", "-m", "all")
    missing = await client.go("get", "example.com/old@v3.0.0")
    assert missing.code != 0
    assert "GOPROXY=off" in missing.err  # the go command went on to its next proxy, as it does after a 404


async def test_a_retracted_version_is_still_listed(client: GoClient, upstream: FakeUpstream) -> None:
    base = "example.com/!mixed/@v"
    go_mod = b"module example.com/Mixed\n\ngo 1.21\n\nretract v1.0.0 // broken\n"
    upstream.files[f"{base}/v1.1.0.mod"] = go_mod
    upstream.files[f"{base}/v1.1.0.zip"] = module_zip("example.com/Mixed", "v1.1.0", {"go.mod": go_mod})
    await client.succeed("mod", "init", "example.com/project")
    out = await client.succeed("list", "-m", "-versions", "-retracted", "-u", "-json", "example.com/Mixed@v1.0.0")
    assert '"broken"' in out
    assert '"v1.0.0"' in out


async def test_a_refusal_reaches_the_terminal_with_its_reason(client: GoClient, proxy: ProxyProcess) -> None:
    proxy.write_config(fleet="build/team-a", modules={"deny": ["example.com/Mixed"]})
    await proxy.until_report(lambda report: report.config.generation == 2)
    result = await client.go("mod", "download", "example.com/Mixed@v1.0.0")
    assert result.code != 0
    assert "modules.deny has example.com/Mixed" in result.err
    assert "GoProxy build/team-a" in result.err


@pytest.mark.parametrize(
    ("status", "falls_through"), [(404, True), (410, True), (403, False), (500, False), (429, False)]
)
async def test_what_falls_through_a_comma_behind_us(
    proxy: ProxyProcess, upstream: FakeUpstream, tmp_path: Path, status: int, falls_through: bool
) -> None:
    upstream.behaviours["example.com/!mixed/@v/v1.0.0.info"] = fake.status(status, "because")
    async with fake.FakeUpstream() as second:
        second.add("example.com/Mixed", "v1.0.0")
        client = GoClient(tmp_path / "client", f"{proxy.url},{second.url}")
        result = await client.go("mod", "download", "example.com/Mixed@v1.0.0")
        assert (result.code == 0) is falls_through
        assert ("because" in result.err) is not falls_through


async def test_the_cache_directory_is_a_goproxy_itself(
    client: GoClient, proxy: ProxyProcess, upstream: FakeUpstream, tmp_path: Path
) -> None:
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", "example.com/Mixed@latest")
    await proxy.settled()
    offline = GoClient(tmp_path / "offline", f"file://{proxy.cache},off")
    await offline.succeed("mod", "download", "example.com/Mixed@v1.1.0")
    assert "v1.1.0" in await offline.succeed("list", "-m", "-versions", "example.com/Mixed")


async def test_real_modules_once_from_upstream_and_then_without_it(tmp_path: Path) -> None:
    """The machine's own upstream serves the first client; the second client gets stored files only."""
    chain = await go_env("GOPROXY")
    upstream = {"goproxy": chain, "gosumdb": await go_env("GOSUMDB")}
    async with ProxyProcess(tmp_path / "fleet", {"upstream": upstream}) as proxy:
        for name in ("first", "second"):
            client = GoClient(tmp_path / name, f"{proxy.url},off")
            shutil.copytree(PROJECT, client.project, dirs_exist_ok=True)
            before = await proxy.report()
            await client.succeed("mod", "download")
            assert await client.succeed("mod", "verify") == "all modules verified\n"
            proxy.write_config(upstream={**upstream, "goproxy": "off"})
            await proxy.until_report(lambda report: report.config.generation == 2)
        await proxy.settled()
        after = await proxy.report()
        asked_twice = {outcome: after.requests[outcome] - before.requests[outcome] for outcome in after.requests}
        assert asked_twice["hit"] == before.requests["miss"] > 20
        assert sum(asked_twice.values()) == asked_twice["hit"]
        assert after.storage.used_bytes == sum((proxy.cache / key).stat().st_size for key in await proxy.held())
