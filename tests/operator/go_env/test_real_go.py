"""The real go command asks a proxy for the very toolchain that we say, and refuses what we say that it refuses."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from goproxy_operator.go_env.finding import Surroundings
from goproxy_operator.go_env.findings import findings
from goproxy_operator.go_env.machine import local_go, read_go_env, wanted_go
from goproxy_operator.go_env.toolchain import to_fetch
from tests.kubernetes.prerequisites import require
from tests.modproxy.fake_upstream import FakeUpstream

CASES: dict[str, tuple[str, str, bool]] = {
    "a newer language": ("auto", "go 1.99", True),
    "a candidate": ("auto", "go 1.99rc1", True),
    "a newer toolchain": ("auto", "go 1.20\ntoolchain go1.97.1", True),
    "the language wins": ("auto", "go 1.99.2\ntoolchain go1.97.1", True),
    "one by name": ("go1.98.3", "go 1.20", True),
    "a least one": ("go1.98.3+auto", "go 1.20", True),
    "this one is enough": ("auto", "go 1.20", False),
    "this one alone": ("local", "go 1.99", False),
}


async def go(folder: Path, *words: str, **environment: str) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GO")}
    process = await asyncio.create_subprocess_exec(
        *("go", *words),
        cwd=folder,
        env=kept | {"GOENV": "off", "GOFLAGS": "-modcacherw", "GOPATH": str(folder / "path")} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.mark.parametrize("case", CASES)
async def test_the_toolchain_that_go_asks_for(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require({"go": "golang-go"}, "the test of toolchains")
    setting, lines, fetches = CASES[case]
    (tmp_path / "go.mod").write_text(f"module example.com/own\n\n{lines}\n")
    monkeypatch.setenv("GOTOOLCHAIN", setting)
    version = await asyncio.to_thread(lambda: to_fetch(read_go_env(), wanted_go(tmp_path), local_go()))
    async with FakeUpstream() as upstream:
        _, said = await go(tmp_path, "list", "-m", GOPROXY=upstream.url, GOTOOLCHAIN=setting, GOSUMDB="sum.golang.org")
        asked = {one for one in upstream.requests if one.startswith("golang.org/toolchain/@v/")}
    assert bool(version) is fetches
    assert asked == ({f"golang.org/toolchain/@v/{version}.zip"} if fetches else set()), said


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("GOTOOLCHAIN", "bash", "toolchain-malformed"), ("GOVCS", "github.com", "govcs-malformed"),
     ("GOVCS", "github.com:git", ""), ("GOAUTH", "netrc", ""), ("GOAUTH", "git", "goauth-malformed"),
     ("GOAUTH", "off; netrc", "goauth-malformed"), ("GOAUTH", "netrc;", "goauth-malformed")],
)  # fmt: skip
async def test_values_that_go_refuses(
    name: str, value: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require({"go": "golang-go"}, "the test of refused values")
    for other in ("GOTOOLCHAIN", "GOVCS", "GOAUTH"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    around = Surroundings(local=await asyncio.to_thread(local_go))
    codes = {one.code for one in findings(await asyncio.to_thread(read_go_env), around)}
    assert (code in codes) is bool(code)
    (tmp_path / "go.mod").write_text("module example.com/own\n\ngo 1.20\n")
    # Nothing listens at port 1, and https makes go ask GOAUTH first.
    environment = {"GOTOOLCHAIN": "local", "GOPRIVATE": "127.0.0.1", "GOSUMDB": "off", name: value}
    proxy = "direct" if name == "GOVCS" else "https://127.0.0.1:1"
    status, said = await go(tmp_path, "list", "-m", "example.invalid/x.git@v1.0.0", GOPROXY=proxy, **environment)
    assert status != 0
    assert (name in said) is bool(code), said
