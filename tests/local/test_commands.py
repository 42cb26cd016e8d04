"""The commands of `kubectl goproxy`, against a fleet that really runs on this machine."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from pathlib import Path

import pytest

from goproxy_operator.__main__ import main
from goproxy_operator.running_fleets import FILE, RunningFleet, local_folder, read_state, running_fleets, write_state
from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

DENIED = "  modules: {deny: [example.com/secret]}\n"


async def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = await asyncio.to_thread(main, arguments)
    return (status, *capsys.readouterr())


async def test_what_runs_here_is_shown(
    upstream: FakeUpstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with LocalFleet(tmp_path, document(upstream.url, DENIED, replicas=2)) as fleet:
        url = await fleet.url()
        await fleet.answers("example.com/m/@v/list", 200)
        await fleet.line("config in force on 2 of 2")
        await fleet.answers("example.com/secret/@v/list", 403)
        here = ("--local", str(fleet.data))
        assert stat.S_IMODE((fleet.data / FILE).stat().st_mode) == 0o600

        status, out, _ = await told(capsys, "status", *here)
        assert (status, "team-a on this machine: it is well" in out, url in out) == (0, True, True)
        assert "1 by modules" in out
        assert "2/2" in out

        status, out, _ = await told(capsys, "status", "team-a", "-o", "json", *here)
        shown = json.loads(out)
        assert (shown["kind"], shown["local"], shown["url"]) == ("FleetStatus", True, url)
        assert {one["report"]["ready"] for one in shown["replicas"]} == {True}
        conditions = {one["type"]: one["status"] for one in shown["status"]["conditions"]}
        assert conditions["ConfigSynced"] == "True"

        status, out, _ = await told(capsys, "list", "-o", "name", *here)
        assert out == "goproxy.goproxy-operator.dev/team-a\n"

        status, out, _ = await told(capsys, "top", "-o", "json", *here)
        (module,) = json.loads(out)["modules"]
        assert (module["module"], module["requests"]) == ("example.com/m", 1)

        status, out, _ = await told(capsys, "why", "example.com/m@v1.0.0", *here)
        assert (status, out.split("\n")[0]) == (0, "example.com/m@v1.0.0 is ALLOWED for anonymous")
        status, out, _ = await told(capsys, "why", "example.com/secret", "--as-user", "jane", *here)
        assert (status, out.split("\n")[0]) == (1, "example.com/secret is REFUSED for jane, by modules, with 403")
        status, out, _ = await told(capsys, "why", "example.com/secret", "--url", url)
        assert (status, "REFUSED for anonymous" in out) == (1, True)

        status, _, err = await told(capsys, "events", *here)
        assert (status, "has no Events" in err) == (2, True)
        assert await fleet.end(signal.SIGTERM) == 0
        assert not (fleet.data / FILE).exists()
        status, _, err = await told(capsys, "status", *here)
        assert (status, "no fleet runs on this machine" in err) == (1, True)


async def test_a_runner_that_was_killed_leaves_nothing_that_is_believed(
    upstream: FakeUpstream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        await fleet.url()
        await fleet.line("ready")
        await fleet.end(signal.SIGKILL)
        assert (fleet.data / FILE).exists()
        status, _, err = await told(capsys, "status", "--local", str(fleet.data))
        assert (status, "no fleet runs on this machine" in err) == (1, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}', "[" * 50_000, "x" * (1 << 21)])
async def test_a_state_file_that_is_none_is_told(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / FILE).write_text(text)
    status, _, err = await told(capsys, "status", "--local", str(tmp_path))
    assert (status, err.count("\n"), "is no state of a local fleet" in err) == (1, 1, True)


async def test_without_a_kubeconfig_what_runs_here_is_found_and_that_is_said(
    upstream: FakeUpstream, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        await fleet.url()
        await fleet.line("ready")
        found = read_state(fleet.data)
        assert found is not None
        folder = local_folder("team-a")
        folder.mkdir(parents=True)
        write_state(folder, found)
        stale = local_folder("gone")
        stale.mkdir()
        # No process has this number: it is above the kernel's greatest.
        write_state(stale, RunningFleet(name="gone", pid=2**22 + 1, file="/f", url="http://127.0.0.1:1", item={}))
        assert [one.name for one in running_fleets()] == ["team-a"]
        status, out, err = await told(capsys, "list")
        assert (status, "team-a" in out) == (0, True)
        assert err == "# no kubeconfig: looking at what runs on this machine (team-a)\n"
