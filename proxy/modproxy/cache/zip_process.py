"""Checks of zips in a process of their own, `modproxy.zip_worker`: it starts when a zip is fetched, and ends when none
has been fetched for a while.

Threads of this process check what that one cannot judge: an unusual zip, a draft that only this process can read, all
zips while that process is down, and some while many are fetched at once, so that they take two cores.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import math
import os
import sys
import time
from asyncio.subprocess import PIPE, Process

from modproxy.cache.zip_check import ThreadChecks, ZipCheck
from modproxy.mod.target import Target
from modproxy.store.protocol import Draft

_STEP = 256 << 10
"""In bytes: the process is told of so many at once. A smaller zip is checked by one command."""
_IDLE_SECONDS = 20.0
"""How long the process waits for another zip: it has 20 MiB of memory, and takes 0.1 s to start."""
_PATIENCE_SECONDS = 120.0
"""How long one answer may take. The largest zip, which arrives at once and waits for others, takes some seconds."""
_PAUSE_SECONDS = 60.0
"""How long no process is started after one that failed."""
_END_SECONDS = 1.0
"""How long the process has to end by itself when the replica ends."""
_LONGEST_ANSWER = 4096
_MORE_THAN_THREADS = 2
"""The process has so many times the zips of the threads, and a few more: the threads hold up the clients' answers."""

log = logging.getLogger(__name__)


class _Worker:
    """A running process, and the answers that it owes."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.owed: dict[int, asyncio.Future[str | None]] = {}
        self.reading: asyncio.Task[None] | None = None
        self.silent = False
        """Whether no more answers will come. The process may still take a while to end."""

    def tell(self, command: dict[str, object]) -> None:
        if self.process.stdin is not None and not self.process.stdin.is_closing():
            self.process.stdin.write(json.dumps(command).encode() + b"\n")

    async def read(self) -> None:
        """Give each answer to whoever waits for it, until the process ends."""
        try:
            while self.process.stdout is not None and (line := await self.process.stdout.readline()):
                answer = json.loads(line)
                waiting = self.owed.pop(answer["zip"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer["h1"])
        finally:
            self.silent = True
            for waiting in self.owed.values():
                if not waiting.done():
                    waiting.set_result(None)
            self.owed.clear()


class ProcessChecks:
    """Checks zips in a process of their own, and in `threads` what that process cannot judge."""

    def __init__(self, threads: ThreadChecks) -> None:
        self.threads = threads
        self._numbers = itertools.count()
        self._starting: asyncio.Task[_Worker | None] | None = None
        self._running: set[_Worker] = set()
        """Also those that get no more zips, and are about to end."""
        self._at_work: set[int] = set()
        self._idle: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    def begin(self, target: Target) -> ZipCheck:
        """Begin the check of a zip."""
        if len(self._at_work) > _MORE_THAN_THREADS * (1 + self.threads.at_work) and _cores() > 1:
            return self.threads.begin(target)
        number = next(self._numbers)
        self._at_work.add(number)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._starting is None and time.monotonic() >= self._not_before:
            self._starting = asyncio.create_task(self._start(), name="start of the zip worker")
        return ProcessCheck(self, target, number)

    async def worker(self) -> _Worker | None:
        """Return the process, which is started when it is needed; None while it is down."""
        return await asyncio.shield(self._starting) if self._starting is not None else None

    async def _start(self) -> _Worker | None:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "modproxy.zip_worker", stdin=PIPE, stdout=PIPE, limit=_LONGEST_ANSWER,
            )  # fmt: skip
        except OSError as e:
            log.warning("the process that checks zips cannot be started, and threads check them: %s", e.strerror)
            self._failed()
            return None
        except Exception:
            # All zips wait for this task, so its error would be the error of each of them.
            log.exception("the process that checks zips cannot be started, and threads check them")
            self._failed()
            return None
        worker = _Worker(process)
        self._running.add(worker)
        worker.reading = asyncio.create_task(self._follow(worker), name="answers of the zip worker")
        return worker

    async def _follow(self, worker: _Worker) -> None:
        """Read the answers of a process to its end."""
        try:
            await worker.read()
        except Exception:
            log.exception("an answer of the process that checks zips cannot be read")
            self.stop(worker)
        if self._starting is not None and self._starting.done() and self._starting.result() is worker:
            log.warning("the process that checks zips has ended, and threads check them for a while")
            self._failed()
            self.stop(worker)
        await worker.process.wait()
        self._running.discard(worker)

    def _failed(self) -> None:
        self._starting = None
        self._not_before = time.monotonic() + _PAUSE_SECONDS

    def stop(self, worker: _Worker) -> None:
        """End a process that does not work as it should."""
        with contextlib.suppress(ProcessLookupError):
            worker.process.kill()

    def ended(self, number: int) -> None:
        """Note that a check has ended."""
        self._at_work.discard(number)
        if not self._at_work and self._starting is not None and self._idle is None:
            self._idle = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        starting, self._starting, self._idle = self._starting, None, None
        if starting is not None:
            starting.add_done_callback(_close_input_of)  # the start may take longer than the wait

    async def close(self) -> None:
        """End the process, and those that have not ended yet. A process that does not end by itself is killed."""
        if self._idle is not None:
            self._idle.cancel()
        await self.worker()
        self._starting, self._not_before = None, math.inf
        for worker in self._running:
            _close_input(worker)
        if readings := [worker.reading for worker in self._running if worker.reading is not None]:
            await asyncio.wait(readings, timeout=_END_SECONDS)
        for worker in self._running:
            self.stop(worker)


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _close_input_of(started: asyncio.Task[_Worker | None]) -> None:
    if not started.cancelled() and (worker := started.result()) is not None:
        _close_input(worker)


def _close_input(worker: _Worker) -> None:
    if worker.process.stdin is not None:
        worker.process.stdin.close()


class ProcessCheck:
    """Checks one zip."""

    def __init__(self, checks: ProcessChecks, target: Target, number: int) -> None:
        self._checks = checks
        self._target = target
        self._number = number
        self._told = 0
        """How many bytes the process has been told of."""
        self._worker: _Worker | None = None
        """The process that has begun the check."""

    async def take(self, draft: Draft, piece: bytes) -> None:
        """Tell the process of what has come."""
        if draft.written - self._told >= _STEP and draft.path is not None:
            await self._tell(draft, {"to": draft.written})

    async def end(self, draft: Draft) -> str:
        """Return the `h1:` hash of the zip, which the draft has. Raises `ArchiveError`."""
        found = await self._judged(draft) if draft.path is not None else None
        return found if found is not None else await self._checks.threads.whole(self._target, draft)

    async def _judged(self, draft: Draft) -> str | None:
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        worker = await self._tell(draft, {"to": draft.written, "end": True}, answer)
        if worker is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await answer
        except TimeoutError:
            log.error("%s: the process that checks zips gave no answer in %.0f s", self._target, _PATIENCE_SECONDS)
            self._checks.stop(worker)
            return None

    async def _tell(
        self, draft: Draft, words: dict[str, object], answer: asyncio.Future[str | None] | None = None
    ) -> _Worker | None:
        """Send the process a command about this zip. Returns the process, or None when it cannot do this check."""
        worker = await self._checks.worker()
        if worker is None or worker.silent:
            return None
        command: dict[str, object] = {"zip": self._number, **words}
        if self._told == 0:
            self._worker = worker
            command |= {"file": str(draft.path), "module": self._target.path, "version": self._target.version}
        elif worker is not self._worker:
            return None  # another process has seen the beginning
        self._told = draft.written
        if answer is not None:
            worker.owed[self._number] = answer
        worker.tell(command)
        return worker

    def close(self) -> None:
        """End the check, whether it has come to its end or not. May be called twice."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.owed.pop(self._number, None)
            worker.tell({"zip": self._number, "forget": True})
        self._checks.ended(self._number)
