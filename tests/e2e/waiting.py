"""Waits for what a cluster does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], what: str, seconds: float, every: float = 0.5) -> Found:
    """Look again and again, until there is something true; return that.

    A look may fail with an AssertionError, which says what is still missing. When time is up there is an
    AssertionError, with `what` was waited for and what was seen last.
    """
    deadline = time.monotonic() + seconds
    seen: object = None
    while True:
        try:
            if found := look():
                return found
            seen = found
        except AssertionError as missing:
            seen = missing
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds:.0f} s: {what}; last seen: {seen}")
        time.sleep(every)
