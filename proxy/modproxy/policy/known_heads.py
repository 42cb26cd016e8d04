"""States of the public checksum database's log that ship with a release, so that a new fleet has a beginning. Pure."""

import datetime

from modproxy.policy.age import Head


def _end_of(day: str) -> float:
    return datetime.datetime.fromisoformat(f"{day}T23:59:59+00:00").timestamp()


_LATE = 30 * 24 * 3600.0
"""Seconds: a record is made when its version is looked up first, which may be long after the version's release."""

KNOWN_HEADS: dict[str, tuple[Head, ...]] = {
    "sum.golang.org+033de0ae": (
        # Two records of releases whose dates are known. A record is younger than its release.
        Head(_end_of("2024-05-07") + _LATE, 25_573_390),
        Head(_end_of("2025-09-20") + _LATE, 43_844_804),
        # A tree head that was read on that day. Each release adds one.
        Head(_end_of("2026-11-26"), 72_201_322),
    )
}
"""By the id of the database, which has its key. The time is the end of the day, which is the safe side."""
