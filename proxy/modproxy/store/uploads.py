"""Which files are written to the object store, and in which order. Pure.

Files that can never change come first in, first out. Answers that may change wait a little, so that one that changes
again soon is written once; one that stays the same is written again only when its time in the store has become old.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from modproxy.bucket.record import ObjectRecord
from modproxy.mod.target import Kind, NoSuchTarget, TargetError, parse_target

MOST_NAMES = 100_000
"""Names in memory: some 20 MiB. More of them wait in the journal on the disk."""
SETTLED_SECONDS = 2.0
"""How long an answer that may change waits before it is written."""
UNCHANGED_SECONDS = 1800.0
"""How old the time of an unchanged answer in the store may become. `staleIfError` is a day by default."""
MOST_TRIES = 6
"""So often one file may fail while others do not: then the store will never take it."""
_MOST_SENT = 20_000


def may_change(key: str) -> bool:
    """Say whether the file of a key may be replaced by a newer answer."""
    if key.startswith("sumdb/"):
        return key.count("/") == 2 and key.endswith("/latest")
    if not key.endswith(".info"):
        return not key.endswith((".mod", ".zip"))
    try:
        return parse_target(key).kind is not Kind.INFO
    except (TargetError, NoSuchTarget):
        return True


def is_to_be_written(key: str, ours: ObjectRecord, found: tuple[int, ObjectRecord | None] | None) -> bool:
    """Decide by what the store has of a file: its size and its record; None where it has none."""
    if found is None or found[1] is None or found[0] != found[1].size:
        return True
    theirs = found[1]
    if not may_change(key):
        return False
    if math.isinf(theirs.age()):
        return True  # its time lies in the future, so that no later answer would ever replace it
    if theirs.sha256 == ours.sha256:
        return ours.fetched - theirs.fetched >= UNCHANGED_SECONDS
    return ours.fetched > theirs.fetched


class Uploads:
    """Keeps the names of files that wait. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._soon: OrderedDict[str, None] = OrderedDict()
        self._later: OrderedDict[str, float] = OrderedDict()
        self._at_work: set[str] = set()
        self._again: set[str] = set()
        """Files that were published anew while they are written."""
        self._tries: dict[str, tuple[int, int]] = {}
        """Of files that have failed: how often that was the file's own fault, and `_written` at that time."""
        self._written = 0
        self._sent: OrderedDict[str, tuple[str, float]] = OrderedDict()
        """Of answers that may change: what was written last, and when."""

    def __len__(self) -> int:
        """Return how many wait, with those that are being written."""
        return len(self._soon) + len(self._later) + len(self._at_work)

    def __contains__(self, key: str) -> bool:
        """Say whether a file waits, or is being written."""
        return key in self._soon or key in self._later or key in self._at_work

    @property
    def full(self) -> bool:
        """Whether memory takes no more names."""
        return len(self) >= MOST_NAMES

    def keys(self) -> Iterable[str]:
        """Return the names of all files that wait or are being written."""
        return [*self._at_work, *self._soon, *self._later]

    def add(self, key: str) -> None:
        """Have a file written."""
        if key in self._at_work:
            self._again.add(key)
        elif may_change(key):
            self._later.setdefault(key, self._clock() + SETTLED_SECONDS)
        else:
            self._soon.setdefault(key)

    def next(self, *, at_once: bool = False) -> str | None:
        """Take a file that is to be written now; None while there is none. `at_once` leaves out the wait."""
        key = None
        if self._later:
            first, due = next(iter(self._later.items()))
            key = first if at_once or due <= self._clock() else None
        if key is not None:
            del self._later[key]
        elif self._soon:
            key, _ = self._soon.popitem(last=False)
        if key is not None:
            self._at_work.add(key)
        return key

    @property
    def next_due(self) -> float | None:
        """How many seconds the first of the answers that may change still waits; None where none waits."""
        return max(0.0, next(iter(self._later.values())) - self._clock()) if self._later else None

    def is_known(self, key: str, etag: str | None) -> bool:
        """Say whether the store has this very answer, and its time there is not old."""
        sent = self._sent.get(key)
        return sent is not None and sent[0] == etag and self._clock() - sent[1] < UNCHANGED_SECONDS

    def ended(self, key: str, etag: str | None = None, *, written: bool = True) -> bool:
        """Note that nothing is to be done for a file any more. Returns False where it was published anew meanwhile."""
        self._at_work.discard(key)
        self._tries.pop(key, None)
        if written:
            self._written += 1
        if etag is not None and may_change(key):
            self._sent[key] = etag, self._clock()
            self._sent.move_to_end(key)
            if len(self._sent) > _MOST_SENT:
                self._sent.popitem(last=False)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
            return False
        return True

    def failed(self, key: str) -> bool:
        """Have a file written again later. Returns False where it has failed too often while others did not."""
        tries, written = self._tries.get(key, (0, self._written - 1))
        if written != self._written:
            tries += 1
        if tries >= MOST_TRIES:
            return False
        self._at_work.discard(key)
        self._again.discard(key)
        self._tries[key] = tries, self._written
        if may_change(key):
            self._later.setdefault(key, self._clock())
            self._later.move_to_end(key, last=False)
        else:
            self._soon.setdefault(key)
        return True

    def forget(self, key: str) -> bool:
        """Forget a file that has gone. Returns whether it waited."""
        self._tries.pop(key, None)
        if key in self._later:
            del self._later[key]
            return True
        if key in self._soon:
            del self._soon[key]
            return True
        return False
