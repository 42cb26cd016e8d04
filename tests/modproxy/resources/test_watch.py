"""The watch of what the machine gives, with files laid out like cgroup v2: a new kernel's mount cannot be made here."""

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from modproxy.resources.lateness import LoopLateness
from modproxy.resources.watch import ResourceWatch
from tests.modproxy.resources.test_cgroup import WHOLE


def lay_out(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text("cpu io memory pids\n")
    for name, text in files.items():
        (folder / name).write_text(text)


def process(folder: Path, group: str) -> Path:
    (folder / "fd").mkdir(parents=True)
    (folder / "cgroup").write_text(group)
    for number in range(4):
        (folder / "fd" / str(number)).touch()
    return folder


@pytest.mark.parametrize("group", ["", "kubepods/pod1"])
async def test_the_figures_of_a_minute(tmp_path: Path, group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path / "cgroups" / group, WHOLE)
    watch = ResourceWatch(tmp_path / "cgroups", process(tmp_path / "proc", f"0::/{group}\n"))
    real = time.monotonic()
    for after, throttled in ((0.0, 0), (30.0, 0), (60.0, 228), (90.0, 456)):
        monkeypatch.setattr(time, "monotonic", lambda after=after: real + after)
        lay_out(tmp_path / "cgroups" / group, {"cpu.stat": f"nr_periods 900\nnr_throttled {throttled}\n"})
        await watch.look()
    state = watch.state()
    assert (state.seconds, state.cgroup_missing, state.cpu_limit) == (60.0, None, 0.5)
    assert state.cpu_withheld_percent == pytest.approx(76.0)
    assert (state.memory_bytes, state.memory_limit_bytes, state.oom_kills) == (100_000_000, 268_435_456, 1)
    assert (state.cpu_pressure_percent, state.io_pressure_percent) == (12.34, 100.0)
    assert state.open_descriptors == 3
    assert [one.kind for one in state.slow] == ["cpuWithheld", "ioSlow"]


async def test_a_container_whose_group_has_another_name_outside(tmp_path: Path) -> None:
    lay_out(tmp_path / "cgroups", WHOLE)
    watch = ResourceWatch(tmp_path / "cgroups", process(tmp_path / "proc", "0::/kubepods/pod1\n"))
    await watch.look()
    assert watch.state().cpu_limit == 0.5


@pytest.mark.parametrize("group", ["5:cpu:/\n", "0::/\n", ""])
async def test_a_machine_without_it_is_told_so(tmp_path: Path, group: str) -> None:
    (tmp_path / "cgroups" / "cpu").mkdir(parents=True)
    watch = ResourceWatch(tmp_path / "cgroups", process(tmp_path / "proc", group))
    await watch.look()
    state = watch.state()
    assert "no cgroup v2" in (state.cgroup_missing or "")
    assert (state.cpu_limit, state.cpu_withheld_percent, state.memory_bytes) == (None, None, None)


async def test_a_machine_without_proc(tmp_path: Path) -> None:
    watch = ResourceWatch(tmp_path / "none", tmp_path / "neither")
    await watch.look()
    assert watch.state().open_descriptors is None
    assert watch.container is None


async def test_this_machine(tmp_path: Path) -> None:
    watch = ResourceWatch()
    await watch.look()
    state = watch.state()
    assert (state.cgroup_missing is None) == (watch.container is not None)
    before = state.open_descriptors
    if before is not None:
        with contextlib.ExitStack() as opened:
            for number in range(10):
                opened.enter_context((tmp_path / str(number)).open("w"))
            await watch.look()
        assert (watch.state().open_descriptors or 0) >= before + 10


async def test_a_loop_that_is_blocked_is_late() -> None:
    lateness = LoopLateness()
    assert (lateness.longest, lateness.p99) == (0.0, 0.0)
    task = asyncio.create_task(lateness.run())
    await asyncio.sleep(0)
    time.sleep(0.6)  # noqa: ASYNC251 - it is what is to be noticed
    while not lateness.longest:
        await asyncio.sleep(0.01)
    task.cancel()
    assert lateness.longest >= 0.3
    assert lateness.p99 == lateness.longest
