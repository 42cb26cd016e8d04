import json
from pathlib import Path

import pytest

from goproxy_operator.bundle.moving.layouts import Layout, NoFileOfVersion, read_path
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.operator.bundle.conftest import PRIVATE, PUBLIC, Command, opened


@pytest.mark.parametrize(
    ("layout", "path", "key"),
    [
        (Layout.ATHENS, "github.com/BurntSushi/toml/v0.3.1/go.mod", "github.com/!burnt!sushi/toml/@v/v0.3.1.mod"),
        (Layout.ATHENS, "github.com/BurntSushi/toml/v0.3.1/source.zip", "github.com/!burnt!sushi/toml/@v/v0.3.1.zip"),
        (Layout.ATHENS, "github.com/a/b/@v/v1.0.0.info", "github.com/a/b/@v/v1.0.0.info"),
        (Layout.ATHENS, "github.com/!burnt!sushi/toml/@v/v0.3.1.mod", "github.com/!burnt!sushi/toml/@v/v0.3.1.mod"),
        (Layout.GOPROXY, "github.com/!burnt!sushi/toml/@v/v0.3.1.mod", "github.com/!burnt!sushi/toml/@v/v0.3.1.mod"),
        (Layout.GOPROXY, "github.com/BurntSushi/toml/@v/v0.3.1.mod", None),
        (Layout.GOPROXY, "github.com/a/b/@v/list", None),
        (Layout.GOPROXY, "sumdb/sum.example.com/latest", None),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/v1.0.0.ziphash", "github.com/a/b/@v/v1.0.0.zip"),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/v1.0.0.lock", None),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/v1.0.0.partial", None),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/v1.0.0.zip123.tmp", None),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/main.info", None),
        (Layout.MODULE_CACHE, "github.com/a/b/@v/v2.0.0.mod", None),
        (Layout.MODULE_CACHE, "../x/@v/v1.0.0.mod", None),
    ],
)
def test_paths_of_other_proxies(layout: Layout, path: str, key: str | None) -> None:
    if key is None:
        with pytest.raises(NoFileOfVersion):
            read_path(layout, path)
    else:
        assert read_path(layout, path).key == key


def _athens(folder: Path, upstream: FakeUpstream) -> None:
    for path, version in [*PUBLIC, *PRIVATE]:
        base = folder / path / version
        base.mkdir(parents=True)
        escaped = path.replace("U", "!u")
        for name, suffix in (("go.mod", "mod"), ("source.zip", "zip"), (f"{version}.info", "info")):
            (base / name).write_bytes(upstream.files[f"{escaped}/@v/{version}.{suffix}"])
    half = folder / "example.com/half/v1.0.0"
    half.mkdir(parents=True)
    (half / "go.mod").write_text("module example.com/half\n")
    (folder / PUBLIC[0][0] / PUBLIC[0][1] / "source.zip").write_bytes(b"PK broken")
    (folder / PUBLIC[1][0] / PUBLIC[1][1] / f"{PUBLIC[1][1]}.info").unlink()
    (folder / "example.com/a/v9/go.mod").parent.mkdir()
    (folder / "example.com/a/v9/go.mod").write_text("module example.com/a\n")


async def test_what_athens_has_is_verified_and_the_rest_is_told(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    _athens(tmp_path / "athens", upstream)
    ended = await command(
        "import", "--from", f"athens:{tmp_path / 'athens'}", "-o", tmp_path / "x", "--sumdb-from", upstream.url,
        "--sumdb", sumdb.verifier_key, "--report", tmp_path / "report.json",
    )  # fmt: skip
    assert ended.status == 1
    report = json.loads((tmp_path / "report.json").read_text())
    reasons = {one["what"]: one["reason"] for one in report["refused"]}
    assert set(reasons) == {"example.com/a@v1.0.0", "example.com/half@v1.0.0", "example.com/a/v9/go.mod"}
    assert "half written" in reasons["example.com/half@v1.0.0"]
    assert "zip" in reasons["example.com/a@v1.0.0"]
    assert report["madeInfo"] == ["example.com/a@v1.1.0"]
    versions = {str(version) for version in opened(tmp_path / "x", sumdb).manifest.versions}
    assert versions == {"example.com/a@v1.1.0", "example.com/Upper/b/v2@v2.0.0", "corp.example.com/p@v1.0.0"}


async def test_the_module_cache_of_a_real_go_command(
    command: Command, tmp_path: Path, upstream: FakeUpstream, sumdb: FakeSumdb
) -> None:
    client = GoClient(tmp_path / "client", upstream.url)
    await client.succeed("mod", "init", "example.com/main")
    await client.succeed("mod", "download", *(f"{path}@{version}" for path, version in [*PUBLIC, *PRIVATE]))
    broken = client.module_cache / "cache/download/corp.example.com/p/@v/v1.0.0.ziphash"
    broken.write_text("h1:another")
    ended = await command(
        "import", "--from", f"modcache:{client.module_cache}", "-o", tmp_path / "x", "--sumdb-from", upstream.url,
        "--sumdb", sumdb.verifier_key,
    )  # fmt: skip
    assert ended.status == 1
    assert "corp.example.com/p@v1.0.0: SECURITY" in ended.err
    versions = {str(version) for version in opened(tmp_path / "x", sumdb).manifest.versions if version.zip}
    assert versions == {f"{path}@{version}" for path, version in PUBLIC}


async def test_wrong_usage_is_a_sentence(command: Command, tmp_path: Path) -> None:
    for arguments in (
        ("import",),
        ("import", "x", "--from", f"goproxy:{tmp_path}"),
        ("import", "--from", f"goproxy:{tmp_path}", "-o", tmp_path / "y"),
        ("import", "--from", "nexus:x", "-o", "y"),
        ("import", "--from", f"athens:{tmp_path}/none", "-o", tmp_path / "y", "--no-sumdb"),
        ("export", "--from", "ftp://x", "--all", "-o", "y"),
        ("export", "--from", "https://x", "--since", "yesterday", "-o", "y"),
    ):
        ended = await command(*arguments)
        assert ended.status == 2, (arguments, ended)
        assert ended.err.strip()
