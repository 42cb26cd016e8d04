"""When this replica saw a version first, for versions of which no log tells the age."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from modproxy.facts.small_file import read_small, replace_small

MOST_VERSIONS = 50_000
"""The oldest are forgotten first, and wait once more, which is the safe side. They are some 5 MB on disk."""
_LARGEST = 32 << 20
_MOST_LINES = 2 * MOST_VERSIONS
"""Lines of the file before it is written anew without those that are forgotten."""

log = logging.getLogger(__name__)


class FirstSeen:
    """Keeps the times in a file to which lines are added. `clock` is in seconds since the epoch."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._times: dict[str, float] | None = None
        self._lines = 0
        self._born = 0.0

    @property
    def born(self) -> float:
        """When this replica began to note versions, in seconds since the epoch."""
        self._read()
        return self._born

    def known(self, path: str, version: str) -> float | None:
        """Return when a version was seen first; None for one that was not seen before."""
        return self._read().get(f"{path}@{version}")

    def of(self, path: str, version: str) -> float:
        """Return when a version was seen first; now for a version that was not seen before."""
        times = self._read()
        key = f"{path}@{version}"
        seen = times.get(key)
        now = self._clock()
        if seen is not None and seen <= now:
            return seen
        times[key] = now
        if len(times) > MOST_VERSIONS:
            del times[next(iter(times))]
        self._add(key, now)
        return now

    def _read(self) -> dict[str, float]:
        if self._times is not None:
            return self._times
        times: dict[str, float] = {}
        self._times = times
        self._born = self._clock()
        data = read_small(self._file, _LARGEST)
        lines = [] if data is None else data.split(b"\n")
        for line in lines:
            try:
                key, at = json.loads(line)
                moment = float(at)
            except (ValueError, TypeError, RecursionError, OverflowError):
                continue  # a line that a killed process did not end
            if isinstance(key, str) and moment <= self._clock():
                times.setdefault(key, moment)
        self._lines = len(lines)
        while len(times) > MOST_VERSIONS:
            del times[next(iter(times))]
        self._born = times.setdefault("", self._born)
        if not lines:
            self._add("", self._born)
        return times

    def _add(self, key: str, at: float) -> None:
        try:
            if self._lines >= _MOST_LINES:
                self._write_anew()
                return
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(_line(key, at))
            self._lines += 1
        except OSError as e:
            log.warning("when versions were seen first cannot be kept: %s", e.strerror)

    def _write_anew(self) -> None:
        times = {"": self._born, **(self._times or {})}
        replace_small(self._file, b"".join(_line(key, at) for key, at in times.items()))
        self._lines = len(times)


def _line(key: str, at: float) -> bytes:
    return json.dumps([key, round(at, 3)]).encode() + b"\n"
