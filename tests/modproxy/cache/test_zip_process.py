"""Zips are checked in a process of their own, and in a thread where that process cannot."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from modproxy.cache import zip_process
from modproxy.cache.zip_check import ThreadCheck, ThreadChecks, ZipCheck
from modproxy.cache.zip_process import ProcessChecks
from modproxy.mod.archive import ArchiveError
from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.room import Room
from modproxy.store.draft import DiskDraft
from modproxy.store.protocol import Draft
from modproxy.threads import Pool
from tests.kubernetes.eventually import eventually
from tests.modproxy.crafted_zip import crafted
from tests.modproxy.mod.ways_to_check import LARGE, MOD, A, B, careful

TARGET = Target(check_path("example.com/m"), "v1.0.0", Kind.ZIP)
SMALL, BIG = crafted(A, B, MOD), crafted(A, LARGE, B, MOD)
UNUSUAL = SMALL + b"bytes behind the end"
WRONG = crafted(A, A, MOD)


class CountingThreads(ThreadChecks):
    """Counts what the process did not judge."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.judged = 0

    async def whole(self, target: Target, draft: Draft) -> str:
        self.judged += 1
        return await super().whole(target, draft)


@dataclass
class Bench:
    """The checks, with what their drafts need."""

    checks: ProcessChecks
    threads: CountingThreads
    pool: Pool
    folder: Path
    drafts: int = 0

    def draft(self, *, spooled: bool = False) -> DiskDraft:
        self.drafts += 1
        path, room = self.folder / str(self.drafts), Room(lambda: 1 << 30)
        held = room.reserve(1)
        assert held is not None
        return DiskDraft(None if spooled else path, FileIO(path, "x+"), self.pool, held, room)

    async def pid(self) -> int | None:
        worker = await self.checks.worker()
        return worker.process.pid if worker is not None else None


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    pool = Pool("test", 2)
    threads = CountingThreads(pool)
    checks = ProcessChecks(threads)
    yield Bench(checks, threads, pool, tmp_path)
    await checks.close()
    pool.close()


async def write(check: ZipCheck, draft: DiskDraft, data: bytes, size: int = 100_000) -> None:
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        await draft.write(piece)
        await check.take(draft, piece)


async def answer(bench: Bench, data: bytes, *, spooled: bool = False) -> str:
    """Check a zip from its first to its last byte, and return its hash or the error."""
    draft, check = bench.draft(spooled=spooled), bench.checks.begin(TARGET)
    try:
        await write(check, draft, data)
        return await check.end(draft)
    except ArchiveError as e:
        return str(e)
    finally:
        check.close()
        draft.close()


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(("data", "by_thread"), [(SMALL, 0), (BIG, 0), (UNUSUAL, 1), (WRONG, 1), (b"", 1), (b"PK", 1)])
async def test_each_zip_has_the_answer_of_the_careful_check(bench: Bench, data: bytes, by_thread: int) -> None:
    assert await answer(bench, data) == careful(data)
    assert bench.threads.judged == by_thread


@pytest.mark.parametrize("cores", [1, 2])
async def test_many_at_once(bench: Bench, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_process, "_cores", lambda: cores)
    by_threads = 0
    begin = bench.threads.begin

    def counting(target: Target) -> ThreadCheck:
        nonlocal by_threads
        by_threads += 1
        return begin(target)

    monkeypatch.setattr(bench.threads, "begin", counting)
    zips = [crafted(A, B, MOD, LARGE) if number % 3 else SMALL for number in range(30)]
    answers = await asyncio.gather(*(answer(bench, data) for data in zips))
    assert answers == [careful(data) for data in zips]
    assert bench.threads.judged == 0
    assert by_threads == (0 if cores == 1 else 9), "threads take a third of them, and nothing where they gain nothing"
    assert bench.threads.at_work == 0


async def test_what_only_this_process_can_read(bench: Bench) -> None:
    assert await answer(bench, BIG, spooled=True) == careful(BIG)
    assert bench.threads.judged == 1


async def test_a_draft_that_moves_away_meanwhile(bench: Bench, tmp_path: Path) -> None:
    draft, check = bench.draft(), bench.checks.begin(TARGET)
    await write(check, draft, BIG[:-10])
    draft._move_away(b"")  # the disk refuses what comes next
    await write(check, draft, BIG[-10:])
    assert await check.end(draft) == careful(BIG)
    assert bench.threads.judged == 1
    check.close()
    draft.close()


async def test_a_process_that_is_killed_costs_no_zip(bench: Bench) -> None:
    draft, check = bench.draft(), bench.checks.begin(TARGET)
    await write(check, draft, BIG)
    pid = await bench.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    ending = asyncio.create_task(check.end(draft))
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    assert await ending == careful(BIG)
    assert bench.threads.judged == 1
    check.close()
    draft.close()
    assert await answer(bench, SMALL) == careful(SMALL)
    assert (bench.threads.judged, await bench.pid()) == (2, None), "it is not started again at once"


async def test_a_process_that_hangs_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # The first answer may take seconds on a busy machine: the process has its modules to import.
    assert await answer(bench, SMALL) == careful(SMALL)
    assert bench.threads.judged == 0
    pid = await bench.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(zip_process, "_PATIENCE_SECONDS", 0.2)
    assert await answer(bench, SMALL) == careful(SMALL)
    assert bench.threads.judged == 1
    await eventually(lambda: not runs(pid), "the process was ended")


async def test_a_process_that_gives_no_more_answers_makes_no_zip_wait(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its answers end before it does, and a zip may come to its end in between.
    program = tmp_path / "program"
    program.write_text(f"#!{sys.executable}\nimport os, sys, time\nsys.stdin.readline()\nos.close(1)\ntime.sleep(60)\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    draft, check = bench.draft(), bench.checks.begin(TARGET)
    await write(check, draft, BIG)
    assert await asyncio.wait_for(answer(bench, SMALL), 10) == careful(SMALL)
    assert await asyncio.wait_for(check.end(draft), 10) == careful(BIG)
    assert bench.threads.judged == 2
    check.close()
    draft.close()


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), BlockingIOError(11, "no more processes")])
async def test_a_start_that_fails_in_any_way_costs_no_zip(
    bench: Bench, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fail)
    for _ in range(2):
        assert await answer(bench, SMALL) == careful(SMALL)
    assert bench.threads.judged == 2


@pytest.mark.parametrize("idle", [False, True])
async def test_a_process_that_does_not_end_by_itself_is_killed_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    monkeypatch.setattr(zip_process, "_IDLE_SECONDS", 0.01 if idle else 20)
    open_check = bench.checks.begin(TARGET)
    pid = await bench.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    open_check.close()
    if idle:
        async with asyncio.timeout(10):
            while await bench.pid() is not None:
                await asyncio.sleep(0.01)
    await bench.checks.close()
    await eventually(lambda: not runs(pid), "the process was ended")


async def test_a_start_that_takes_longer_than_the_wait_for_zips_leaves_no_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_process, "_IDLE_SECONDS", 0.01)
    begin, pids = asyncio.create_subprocess_exec, list[int]()

    async def slow(*words: str, **how: Any) -> asyncio.subprocess.Process:
        await asyncio.sleep(0.2)
        process = await begin(*words, **how)
        pids.append(process.pid)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slow)
    bench.checks.begin(TARGET).close()
    await eventually(lambda: len(pids) == 1 and not runs(pids[0]), "the process was started and has ended")


async def test_without_the_program_threads_do_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert await answer(bench, SMALL) == careful(SMALL)
    assert bench.threads.judged == 1


async def test_it_ends_when_it_is_idle_and_starts_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_process, "_IDLE_SECONDS", 0.1)
    for _ in range(2):
        open_check = bench.checks.begin(TARGET)
        assert await answer(bench, SMALL) == careful(SMALL)
        await asyncio.sleep(0.3)
        pid = await bench.pid()
        assert pid is not None, "a zip is still at work"
        open_check.close()
        await eventually(lambda pid=pid: not runs(pid), "the process has ended")  # type: ignore[misc]  # bound by value
        assert await bench.pid() is None
    assert bench.threads.judged == 0


async def test_a_check_that_is_given_up_leaves_no_file_open(bench: Bench) -> None:
    draft, check = bench.draft(), bench.checks.begin(TARGET)
    await write(check, draft, BIG[:600_000])
    pid = await bench.pid()
    files = Path(f"/proc/{pid}/fd")
    await eventually(lambda: any(link.resolve() == draft.path for link in files.iterdir()), "the process reads it")
    check.close()
    check.close()
    await eventually(lambda: all(link.resolve() != draft.path for link in files.iterdir()), "the file is closed")
    draft.close()


async def test_the_process_does_not_outlive_its_replica() -> None:
    read, write_ = os.pipe()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "modproxy.zip_worker", stdin=read)
    os.close(read)
    process.send_signal(signal.SIGINT)  # as from a terminal, which sends it to all processes of a group
    await asyncio.sleep(0.5)
    os.close(write_)
    assert await asyncio.wait_for(process.wait(), 10) in (0, 1, -signal.SIGINT), "a signal may come while it starts"


async def test_the_worker_reads_no_more_than_there_is(tmp_path: Path) -> None:
    from modproxy.zip_worker import Worker

    (tmp_path / "draft").write_bytes(SMALL)
    worker = Worker()
    begin = {"zip": 1, "file": str(tmp_path / "draft"), "module": "example.com/m", "version": "v1.0.0"}
    assert worker.obey({**begin, "to": 5}) is None
    assert worker.obey({"zip": 1, "to": len(SMALL), "end": True}) == {"zip": 1, "h1": careful(SMALL)}
    short = worker.obey({**begin, "to": len(SMALL) + 1, "end": True})
    assert short == {"zip": 1, "h1": None, "error": "the file is shorter than announced"}
    missing = worker.obey({**begin, "file": str(tmp_path / "gone"), "to": 5, "end": True})
    assert missing is not None
    assert missing["h1"] is None
    assert worker.obey({"zip": 9, "to": 5, "end": True}) == {"zip": 9, "h1": None}
    assert worker.obey({"zip": 9, "forget": True}) is None
    assert worker.zips == {}
