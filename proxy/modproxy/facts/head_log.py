"""The tree heads of checksum databases that this replica has verified, with their times, over restarts."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from modproxy.facts.small_file import read_small, replace_small
from modproxy.mod.sumdb import database_folder
from modproxy.policy.age import Head, thinned
from modproxy.policy.known_heads import KNOWN_HEADS

HOUR = 3600.0
LEAST_KEPT = 30 * 24 * HOUR
"""Seconds that tree heads are kept for in any case, so that a rule that is switched on later has a beginning."""
MOST_HEADS = 2000
"""Of one database: 60 KB. For a long age they are farther apart than an hour."""
_LARGEST = 256 << 10
_MOST_DATABASES = 16

log = logging.getLogger(__name__)


class HeadLog:
    """Keeps (time, size) of tree heads by database, in files below `folder`. `clock` is in seconds since the epoch."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._heads: dict[str, list[Head]] = {}
        self.longest = LEAST_KEPT
        """The longest age that is asked for, in seconds."""

    def saw(self, database: str, size: int) -> None:
        """Note that a tree head of this size was verified just now. `database` is the id of the database."""
        now, heads = self._clock(), self._of(database)
        every = self._every
        if heads and heads[-1].time <= now < heads[-1].time + every and heads[-1].size <= size:
            return
        heads.append(Head(now, size))
        heads[:] = thinned(heads, now, self.longest, every)
        document = json.dumps([[round(head.time, 3), head.size] for head in heads])
        try:
            replace_small(self._file(database), document.encode())
        except OSError as e:
            log.warning("the tree heads of %s cannot be kept: %s", database, e.strerror)

    @property
    def _every(self) -> float:
        return max(HOUR, self.longest / MOST_HEADS)

    def heads(self, database: str) -> Sequence[Head]:
        """Return what is known of a database, in the order of the times, with what ships with the release."""
        known = KNOWN_HEADS.get(database, ())
        return sorted([*known, *self._of(database)])

    def _of(self, database: str) -> list[Head]:
        found = self._heads.get(database)
        if found is None:
            if len(self._heads) >= _MOST_DATABASES:
                del self._heads[next(iter(self._heads))]
            found = self._heads[database] = self._read(database)
        return found

    def _read(self, database: str) -> list[Head]:
        data = read_small(self._file(database), _LARGEST)
        if data is None:
            return []
        try:
            heads = [Head(float(at), int(size)) for at, size in json.loads(data)]
            return thinned(heads, self._clock(), self.longest, self._every)
        except (ValueError, TypeError, RecursionError, OverflowError):
            log.error("the tree heads of %s that were kept are malformed and are forgotten", database)
            return []

    def _file(self, database: str) -> Path:
        return self._folder / f"{database_folder(database)}.heads"
