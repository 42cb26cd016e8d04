"""Whether a version is old enough, by the order of the checksum database's log. Pure.

A commit's time is chosen by its author; the order of the log is not. A version is at least A old if its record's number
is smaller than the size of a tree head that was known A ago or earlier, because the record was in the log then. It is
younger than A if its number is not smaller than the size of a tree head that was known less than A ago, because the
record came later.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

GAP_SECONDS = 24 * 3600.0
"""How far apart two tree heads may be so that a version between them waits for the later one. Farther apart, the log
cannot say when the version came: the fleet had not begun, or was switched off.
"""


class Head(NamedTuple):
    """A tree head that was known at a time."""

    time: float
    """In seconds since the epoch."""
    size: int
    """The number of records that the log had."""


class Age(Enum):
    """What is known of a version's age."""

    OLD = auto()
    YOUNG = auto()
    UNKNOWN = auto()
    """The log cannot say."""


@dataclass(frozen=True, slots=True)
class AgeByLog:
    """What the log says of a record at one moment."""

    old_below: int
    """Records with smaller numbers are old enough."""
    young_from: int | None
    """This record and all later ones are too young; None where no tree head says so."""

    def of(self, number: int) -> Age:
        """Say what is known of the age of a record."""
        if number < self.old_below:
            return Age.OLD
        return Age.YOUNG if self.young_from is not None and number >= self.young_from else Age.UNKNOWN


def age_by_log(heads: Sequence[Head], now: float, least: float) -> AgeByLog:
    """Return what tree heads, in the order of their times, say of the age `least` in seconds.

    A size counts from the time when it was known first: a later head with a smaller size says nothing.
    """
    end = bisect.bisect_right(heads, now - least, key=lambda head: head.time)
    older = max(heads[:end], key=lambda head: head.size, default=None)
    later = min(heads[end:], key=lambda head: head.size, default=None)
    old_below = older.size if older is not None else 0
    if later is None:
        return AgeByLog(old_below, None)
    close = older is not None and later.time - older.time <= GAP_SECONDS
    return AgeByLog(old_below, old_below if close else max(later.size, old_below))


def thinned(heads: Sequence[Head], now: float, longest: float, every: float) -> list[Head]:
    """Return the heads that are still of use for ages up to `longest`: at most one for each span of `every` seconds.

    Of those that are older than `longest`, only the newest is of use.
    """
    kept: list[Head] = []
    for head in sorted(heads):
        if not 0 < head.size < 2**63 or head.time > now:
            continue
        if kept and head.time <= now - longest:
            if head.size >= kept[-1].size:
                kept[-1] = head
        elif not kept or head.time - kept[-1].time >= every:
            kept.append(head)
    return kept
