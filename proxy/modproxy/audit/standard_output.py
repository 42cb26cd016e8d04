"""The audit log on standard output. A reader that stops reading blocks a thread of its own, and nothing else."""

import os
import queue
import threading
import time
from collections.abc import Sequence

from modproxy.audit.counts import STDOUT, Counts
from modproxy.store.files import write_all

_MOST_BYTES = 8 << 20
"""What may wait for a reader: some seconds of a busy replica. A reader that is away longer than that loses records."""
_OTHERS_SHARE = 3 / 4
"""The share that records without a refusal may have, so that refusals still have room."""
_NOBODY = "nobody reads standard output as fast as it is written"


class StandardOutput:
    """Writes lines to `fd`, in a thread that ends with the process."""

    def __init__(self, counts: Counts, fd: int = 1) -> None:
        self._counts = counts
        self._fd = fd
        self._queue: queue.SimpleQueue[tuple[bytes, int]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._thread: threading.Thread | None = None

    def add(self, made: Sequence[tuple[str, bool]]) -> None:
        """Have lines written, each with whether it is dropped last. Never waits."""
        lines = [line for line, _ in made]
        with self._lock:
            if self._waiting + sum(map(len, lines)) > _MOST_BYTES * _OTHERS_SHARE:
                lines = [line for line, kept in made if kept]
            if self._waiting + sum(map(len, lines)) > _MOST_BYTES:
                lines = []
            data = "".join(lines).encode("ascii")
            self._waiting += len(data)
        self._counts.lost(STDOUT, len(made) - len(lines), _NOBODY)
        if not lines:
            return
        if self._thread is None:
            # A daemon: a pipe that nobody reads must not keep the process from its end.
            self._thread = threading.Thread(target=self._run, name="audit-stdout", daemon=True)
            self._thread.start()
        self._queue.put((data, len(lines)))

    def _run(self) -> None:
        os.set_blocking(self._fd, True)
        while True:
            data, number = self._queue.get()
            try:
                write_all(self._fd, data)
                self._counts.written(STDOUT, number)
            except OSError as e:
                self._counts.lost(STDOUT, number, f"standard output: {e.strerror}")
            with self._lock:
                self._waiting -= len(data)

    def settle(self, seconds: float) -> bool:
        """Wait until everything is written, so long at most. Returns whether it is. Blocks."""
        until = time.monotonic() + seconds
        while self._waiting and time.monotonic() < until:
            time.sleep(0.01)
        return not self._waiting
