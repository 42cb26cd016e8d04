"""What is read of the machine: cores, processes, versions."""

import asyncio
import os
import sys

import pytest

from bench.machine.cores import Cores, bound, choose
from bench.machine.description import cpu_model, program_version
from bench.machine.processes import Process, cpu_seconds, descendants, memory_by_name, parse_stat, rss_mib
from bench.servers.system_programs import NotInstalledError, require


@pytest.mark.parametrize(
    ("allowed", "chosen"),
    [
        ({0, 1}, Cores(1, 0)),
        ({5, 2, 9}, Cores(9, 2)),
        ({3}, Cores(3, 3)),
        (set(), Cores(None, None)),
        (None, Cores(None, None)),
    ],
)
def test_server_and_clients_have_a_core_each_where_there_are_two(allowed: set[int] | None, chosen: Cores) -> None:
    assert choose(allowed) == chosen


def test_one_core_is_told() -> None:
    assert choose({3}).note.startswith("one core for the server and its clients")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
async def test_what_is_started_meanwhile_is_bound_to_the_core() -> None:
    before = os.sched_getaffinity(0)
    core = max(before)
    with bound(core):
        process = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        assert os.sched_getaffinity(process.pid) == {core}
        assert os.sched_getaffinity(0) == before
    finally:
        process.kill()
        await process.wait()


def test_a_program_may_have_any_name() -> None:
    rest = " ".join(["S", "7", *["0"] * 9, "11", "22", "33", "44", *["0"] * 20])
    assert parse_stat(f"42 (a) b (c) {rest}\n") == Process(42, 7, 110)


def test_descendants_of_descendants_are_found_and_nobody_else() -> None:
    processes = [Process(pid, parent, 1) for pid, parent in [(1, 0), (2, 1), (9, 4), (4, 2), (3, 1), (5, 3)]]
    assert [process.pid for process in descendants(2, processes)] == [2, 4, 9]
    assert descendants(77, processes) == []


async def test_the_work_of_children_counts_while_they_run_and_when_they_have_ended() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'{sys.executable} -c "{burn}"; echo; {sys.executable} -c "{burn}\ninput()"',
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    assert cpu_seconds(process.pid) >= 0.28
    async with asyncio.timeout(60):
        while cpu_seconds(process.pid) < 0.56:
            await asyncio.sleep(0.05)
    assert rss_mib(process.pid) > 5
    await process.communicate(b"\n")


def test_texts_of_the_kernel_and_of_programs() -> None:
    assert memory_by_name("MemTotal:       24682704 kB\nHugePages_Total:       0\n")["MemTotal"] == 24682704
    assert cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n") == "Some CPU @ 3 GHz"
    assert program_version("nginx version: nginx/1.22.1\n") == "1.22.1"
    assert program_version("wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012\n") == "4.1.0-3+b2"


def test_an_absent_program_is_named_with_the_way_to_install_it() -> None:
    with pytest.raises(NotInstalledError) as refused:
        require("sh", "no-such-program-a", "no-such-program-b")
    assert "no-such-program-a and no-such-program-b cannot be found" in str(refused.value)
    assert "`apt-get install no-such-program-a no-such-program-b`" in str(refused.value)
    assert "brew install" in str(refused.value)
