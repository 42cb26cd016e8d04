"""The claims of replicas that are no more: kept warm for a scale-out, and deleted after a long time without one. Pure.

An annotation on the claim itself says since when it is idle, so that a restart forgets nothing. Where somebody else
wrote the annotation, it says nothing: it cannot be taken back, and would have a claim deleted too early.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import FIELD_MANAGER, IDLE_SINCE_ANNOTATION
from goproxy_operator.kube.resources import CLAIMS, Object, very_object
from goproxy_operator.observed.views import idle_since_owners
from goproxy_operator.timestamps import format_time, parse_time

IDLE_MANAGER = f"{FIELD_MANAGER}-idle"
"""The field manager of the annotation alone: to leave the annotation out must not touch the size of the claim."""


@dataclass(frozen=True, slots=True)
class IdleClaims:
    """What has to be done about claims of replicas that are no more."""

    marks: tuple[Manifest, ...] = ()
    """What is applied to claims that became idle, or that are used again."""
    reap: tuple[Object, ...] = ()
    """The claims that are to be deleted."""
    again: float | None = None
    """In how many seconds to look again."""


def decide_idle(
    claims: Mapping[int, Object], stateful_set: Object | None, pods: Collection[int], now: datetime, keep: float
) -> IdleClaims:
    """Decide which claims are idle, and which were idle for more than `keep` seconds.

    The StatefulSet says how many replicas there are. Without a StatefulSet no claim counts as idle.
    """
    if stateful_set is None or "deletionTimestamp" in stateful_set["metadata"]:
        return IdleClaims()
    counts = stateful_set["spec"].get("replicas", 0), stateful_set.get("status", {}).get("replicas") or 0
    marks: list[Manifest] = []
    reap: list[Object] = []
    waits: list[float] = []
    for ordinal, claim in sorted(claims.items()):
        if "deletionTimestamp" in claim["metadata"]:
            continue
        since = _since(claim)
        if ordinal < max(counts) or ordinal in pods:
            if since is not None:
                marks.append(_mark(claim, None))
        elif since is None:
            marks.append(_mark(claim, now))
            waits.append(keep)
        elif (left := keep - (now - since).total_seconds()) > 0:
            waits.append(left)
        else:
            reap.append(claim)
    return IdleClaims(tuple(marks), tuple(reap), min(waits, default=None))


def _since(claim: Object) -> datetime | None:
    if IDLE_MANAGER not in idle_since_owners(claim):
        return None
    text = claim["metadata"].get("annotations", {}).get(IDLE_SINCE_ANNOTATION)
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None  # somebody else wrote that, so the claim is marked anew


def _mark(claim: Object, since: datetime | None) -> Manifest:
    mark = very_object(CLAIMS, claim)
    if since is not None:
        mark["metadata"]["annotations"] = {IDLE_SINCE_ANNOTATION: format_time(since)}
    return mark
