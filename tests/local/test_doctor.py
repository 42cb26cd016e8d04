"""`doctor` against real fleets of this machine: access, policy, a loop, an upstream that fails."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.__main__ import main
from tests.local.local_fleet import LocalFleet, document
from tests.local.test_access import ACCESS, users
from tests.modproxy.fake_upstream import FakeUpstream
from tests.secrecy.registry import REGISTRY, new_secret

MODULE = "example.com/m@v1.0.0"


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine of a developer who has set GOPROXY alone, or not yet."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GONOSUMDB", "example.com")
    for name in ("GOFLAGS", "GOPROXY", "GOPRIVATE", "GONOPROXY", "GOAUTH", "NETRC", "XDG_CONFIG_HOME", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    yield


async def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], list[str]]:
    """Run `doctor`, and return its exit status, its document, and the codes of what is wrong."""
    capsys.readouterr()
    status = await asyncio.to_thread(main, ["doctor", *arguments, "-o", "json"])
    out, err = capsys.readouterr()
    assert out, err
    told = json.loads(out)
    return status, told, [one["code"] for one in told["findings"] if one["weight"] == "wrong"]


async def test_a_fleet_with_users(
    upstream: FakeUpstream, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    password = new_secret("password")
    REGISTRY.add_login("alice", password, "password of a user")
    text = document(upstream.url, ACCESS + "  modules: {deny: [example.com/secret]}\n")
    async with LocalFleet(tmp_path, text + users(password)) as fleet:
        url = await fleet.url()
        await fleet.answers("example.com/m/@v/list", 401)
        monkeypatch.setenv("GOPROXY", url)
        status, told, wrong = await doctor(capsys, MODULE)
        assert (status, wrong) == (1, ["login-wanted", "login-over-http"])
        assert "the fleet wants a credential" in told["verdict"]


async def test_a_module_that_is_denied(
    upstream: FakeUpstream, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = document(upstream.url, "  modules: {deny: [example.com/secret], contact: the platform team}\n")
    async with LocalFleet(tmp_path, text) as fleet:
        monkeypatch.setenv("GOPROXY", await fleet.url())
        await fleet.answers("example.com/m/@v/list", 200)
        status, told, wrong = await doctor(capsys, "example.com/secret@v1.0.0", "--local", str(fleet.data))
        assert (status, wrong) == (1, ["forbidden"])
        assert "the fleet refuses example.com/secret for anonymous, by modules" in told["verdict"]
        status, told, wrong = await doctor(capsys, MODULE, "--local", str(fleet.data))
        assert (status, wrong) == (0, [])
        [probe] = told["probes"]
        [place] = probe["places"]
        assert (probe["replica"], place["kind"], place["name"]) == ("team-a-0", "upstream", upstream.url)
        assert (place["status"], place["failure"], place["asked"]) == (200, "", "example.com/m/@v/v1.0.0.info")
        assert place["connectSeconds"] > 0
        assert place["firstByteSeconds"] > 0
        assert not [key for key in upstream.requests if "secret" in key], "a denied module is named to nobody"
        status, told, wrong = await doctor(capsys, "example.com/absent@v1.0.0", "--local", str(fleet.data))
        assert (status, wrong) == (1, ["not-found"])


async def test_an_upstream_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with LocalFleet(tmp_path, document(f"http://127.0.0.1:{port}")) as fleet:
        monkeypatch.setenv("GOPROXY", await fleet.url())
        await fleet.line("team-a-0: ready")
        status, told, wrong = await doctor(capsys, MODULE, "--local", str(fleet.data))
        assert (status, wrong[0]) == (1, "upstream")
        assert "the fleet cannot get it now" in told["verdict"]
        [outage] = [one for one in told["findings"] if one["code"] == "replica-outage"]
        assert f"http://127.0.0.1:{port} cannot be reached: Connection refused" in outage["text"]
        assert set(wrong) <= {"upstream", "replica-outage", "replica-place"}


async def test_a_fleet_that_asks_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with LocalFleet(tmp_path, document(url), f"127.0.0.1:{port}") as fleet:
        monkeypatch.setenv("GOPROXY", await fleet.url())
        await fleet.line("team-a-0: ready")
        status, _, wrong = await doctor(capsys, MODULE)
        assert (status, wrong) == (1, ["loop"])


async def test_an_upstream_that_fails_when_nobody_has_asked_yet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with LocalFleet(tmp_path, document(f"http://127.0.0.1:{port}")) as fleet:
        monkeypatch.setenv("GOPROXY", await fleet.url())
        monkeypatch.setenv("GOSUMDB", "off")
        await fleet.line("team-a-0: ready")
        status, told, wrong = await doctor(capsys, "--local", str(fleet.data))
        assert (status, wrong) == (1, ["replica-place"])
        assert f"http://127.0.0.1:{port} cannot be reached: Connection refused" in told["verdict"]
