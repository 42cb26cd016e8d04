"""Programs that are run: their output, their limits, and that nothing of them is left."""

import asyncio
import os
from pathlib import Path

import pytest

from modproxy.source.vcs import process
from modproxy.source.vcs.go_env import GoEnvError, go_env
from modproxy.source.vcs.process import TooMuchOutput, run_program
from tests.kubernetes.eventually import eventually

SLEEPER = "sleep 60 & echo $! >pid; wait"


def runs(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def pids_in(folder: Path) -> list[int]:
    return [int(text) for file in folder.iterdir() if (text := file.read_text())]


async def until_ended(folder: Path) -> None:
    """Wait until the system has ended what was killed."""
    pid = int((folder / "pid").read_text())
    await eventually(lambda: not runs(pid), "nothing of it runs any more")


async def sh(folder: Path, script: str, timeout: float = 30, **more: object) -> process.Ended:
    return await run_program(("sh", "-c", script), env=os.environ, cwd=folder, timeout=timeout, **more)  # type: ignore[arg-type] # the one keyword is `watch`


async def test_what_it_printed(tmp_path: Path) -> None:
    assert await sh(tmp_path, "echo out; echo err >&2; exit 3") == (3, b"out\n", b"err\n")


async def test_a_time_limit_ends_all_of_it(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await sh(tmp_path, SLEEPER, 0.5)
    await until_ended(tmp_path)


async def test_a_cancellation_ends_all_of_it(tmp_path: Path) -> None:
    task = asyncio.create_task(sh(tmp_path, SLEEPER))
    await eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", "it has begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_ended(tmp_path)


async def test_a_cancellation_at_any_moment_of_the_start(tmp_path: Path) -> None:
    for n in range(15):
        task = asyncio.create_task(sh(tmp_path, f"sleep 60 & echo $! >pid{n}; wait"))
        for _ in range(n):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await eventually(lambda: not any(map(runs, pids_in(tmp_path))), "nothing of it runs any more")


async def test_a_watch_ends_all_of_it(tmp_path: Path) -> None:
    async def watch() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await sh(tmp_path, SLEEPER, watch=watch)
    await until_ended(tmp_path)


async def test_too_much_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_MOST_OUTPUT", 1000)
    with pytest.raises(TooMuchOutput):
        await sh(tmp_path, "yes")


async def test_go_env_that_is_cancelled_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "go").write_text(f"#!/bin/sh\ncd {tmp_path}\n{SLEEPER}\n")
    (tmp_path / "go").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    task = asyncio.create_task(go_env("GOPROXY"))
    await eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "", "it has begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_ended(tmp_path)


async def test_go_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "https://goproxy.example.com")
    assert await go_env("GOPROXY") == "https://goproxy.example.com"
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GoEnvError, match="there is no go command to ask"):
        await go_env("GOPROXY")
