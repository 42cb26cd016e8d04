"""What goes as it should and is worth telling once: created, scaled, rolled out, grown. Pure.

Each is read off two statuses, the written one and the new one, so that an operator that starts anew tells none twice.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from goproxy_operator.reconcile.status.conditions import ROLLED

Status = Mapping[str, Any]
_GROWN_TO = re.compile(r"have grown to (\w+)")


class Milestone(NamedTuple):
    """What has come about, for an Event."""

    reason: str
    message: str


def milestones(status: Status, previous: Status) -> list[Milestone]:
    """Return what has come about between the previous status and this one."""
    if _is(status, "Stalled") or _suspended(status) or "ready" not in status:
        return []
    if not _made(previous):
        return [Milestone("Created", f"the fleet's children are made; replicas asked for: {_asked(status)}")]
    found = []
    before, now = _asked(previous), _asked(status)
    if before is not None and before != now:
        found.append(Milestone("Scaled", f"from {before} to {now} replicas"))
    under_way, resizing = _is(previous, "Reconciling"), _is(previous, "StorageResizing")
    rolled = under_way is not None and (under_way["reason"] == "RollingOut" or ROLLED in under_way["message"])
    if rolled and _is(status, "Reconciling") is None:
        found.append(Milestone("RolledOut", f"all {now} {ROLLED}"))
    if resizing is not None and _is(status, "StorageResizing") is None:
        size = _GROWN_TO.search(resizing["message"])
        found.append(Milestone("Grown", f"the claims have grown to {size[1]}" if size else "the claims have grown"))
    return found


def _made(status: Status) -> bool:
    """Say whether the StatefulSet was there; a status of an older operator shows that by its replicas only."""
    stopped = _is(status, "Stalled") is not None
    return bool(status.get("replicas")) or ("ready" in status and not stopped)


def _asked(status: Status) -> int | None:
    """Return how many replicas are asked for, by a status."""
    asked = str(status.get("ready", "")).partition("/")[2]
    return int(asked) if asked.isdecimal() else None


def _suspended(status: Status) -> bool:
    """Say whether what comes about is the work of others."""
    return any(c["type"] == "Ready" and c["reason"] == "Suspended" for c in status.get("conditions", ()))


def _is(status: Status, kind: str) -> Mapping[str, Any] | None:
    for condition in status.get("conditions", ()):
        if (condition["type"], condition["status"]) == (kind, "True"):
            found: Mapping[str, Any] = condition
            return found
    return None
