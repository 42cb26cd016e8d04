"""Writes lines on stderr that say what takes its time, and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 20.0  # seconds between two lines of progress


def say(line: str) -> None:
    """Write one line, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what begins, and when it has ended, how long it took."""
    begun = time.monotonic()
    say(f"{title} ...")
    yield
    say(f"{title}: {time.monotonic() - begun:.1f} s")
