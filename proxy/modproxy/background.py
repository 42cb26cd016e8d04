"""The tasks of a replica that run beside its requests, looked after in one place, so that none of them ends unnoticed.

A task that fails begins again after a while, because the cause may pass. What is wrong is told once in the log, and in
the report while it lasts. A task is **vital** if a replica without it goes on with rules that nobody wants any more, or
with a certificate that expires. Where a vital task fails again and again, or stands still, liveness fails: a new
process reads its config and its certificate from the beginning. The other tasks keep the cache tidy. Their failures
fail no liveness: the next process would find the same files, and a replica that serves is better than one that
restarts.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

FIRST_PAUSE = 1.0
"""Seconds before a task that failed begins again. Each further failure in a row doubles them, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 60.0
_MOST_DOUBLINGS = 30
"""More make no pause longer. A task may fail for months, and 2 to the power of 1024 is no float."""
CALM = 10.0
"""Seconds: a failure after so long a run is the first in a row again."""
DEAD_AFTER = 3
"""So many failures in a row are no accident."""
STUCK_AFTER = 300.0
"""Seconds of silence. To take a config may need the network and the go command, each with its own time-out."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Kept:
    """Keeps how one task fares."""

    task: asyncio.Task[None] | None = None
    vital: bool = False
    begun: float = 0.0
    runs: bool = False
    """False while it waits to begin again."""
    failures: int = 0
    """How many in a row."""
    problem: str | None = None
    beat: float | None = None
    """When the task last showed that it is alive; None for a task that never does."""


class BackgroundTasks:
    """Starts tasks by name, keeps them running, and knows which of them fail. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, first_pause: float = FIRST_PAUSE) -> None:
        self._clock = clock
        self._first_pause = first_pause
        self._kept: dict[str, _Kept] = {}

    def start(self, name: str, run: Callable[[], Awaitable[None]], *, vital: bool = False, again: bool = True) -> None:
        """Run a task until it returns. When it fails it begins again, unless `again` is False."""
        kept = self._kept[name] = _Kept(vital=vital)
        kept.task = asyncio.create_task(self._keep(name, kept, run, again=again), name=name)

    def beat(self, name: str) -> None:
        """Note that a task is alive. After its first beat it has to beat again and again."""
        if name in self._kept:
            self._kept[name].beat = self._clock()

    def problem(self, name: str) -> str | None:
        """Return why a task does not do its work now, in words for people; None while it does."""
        kept = self._kept.get(name)
        return kept.problem if kept is not None and self._fails(kept) else None

    @property
    def problems(self) -> tuple[str, ...]:
        """Why tasks that are not vital do not do their work now."""
        return tuple(
            kept.problem for kept in self._kept.values() if kept.problem and not kept.vital and self._fails(kept)
        )

    def dead(self) -> list[str]:
        """Return the names of the vital tasks that fail again and again, or stand still."""
        now = self._clock()
        return [
            name
            for name, kept in self._kept.items()
            if kept.vital
            and (
                (kept.failures >= DEAD_AFTER and self._fails(kept))
                or (kept.beat is not None and now - kept.beat > STUCK_AFTER)
            )
        ]

    def end(self, name: str) -> None:
        """End a task."""
        if (kept := self._kept.pop(name, None)) is not None and kept.task is not None:
            kept.task.cancel()

    def close(self) -> None:
        """End all tasks."""
        for name in list(self._kept):
            self.end(name)

    async def _keep(self, name: str, kept: _Kept, run: Callable[[], Awaitable[None]], *, again: bool) -> None:
        while True:
            kept.begun, kept.runs = self._clock(), True
            try:
                await run()
            except Exception as e:
                self._note(name, kept, e)
            else:
                kept.problem, kept.failures, kept.beat = None, 0, None
                return
            if not again:
                return
            pause = min(self._first_pause * 2 ** min(kept.failures - 1, _MOST_DOUBLINGS), LONGEST_PAUSE)
            await asyncio.sleep(pause)

    def _fails(self, kept: _Kept) -> bool:
        """Say whether a task has failed, and has not worked for a while since."""
        return kept.failures > 0 and (not kept.runs or self._clock() - kept.begun < CALM)

    def _note(self, name: str, kept: _Kept, fault: Exception) -> None:
        """Note a failure, and tell the log what it has not told before."""
        kept.runs = False
        kept.failures = kept.failures + 1 if self._clock() - kept.begun < CALM else 1
        kept.beat = None if kept.beat is None else self._clock()
        problem = f"{name}: {type(fault).__name__}: {fault}"
        if problem != kept.problem:
            log.error("%s has failed; it begins again", name, exc_info=fault)
        kept.problem = problem
