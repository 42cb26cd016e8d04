"""The claims of replicas that are no more: kept warm for a scale-out, and deleted when none came for long enough. Pure.

Since when a claim is idle stands on the claim itself, so that a restart forgets nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from goproxy_operator.cluster.resources import Object
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import FIELD_MANAGER, IDLE_SINCE_ANNOTATION

IDLE_MANAGER = f"{FIELD_MANAGER}-idle"
"""Owns the annotation and nothing else: leaving it out must not touch the size that the operator gave the claim."""
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class IdleClaims:
    """What is applied to claims that became idle or used, which are deleted, and in how many seconds to look again."""

    marks: tuple[Manifest, ...] = ()
    reap: tuple[Object, ...] = ()
    again: float | None = None


def decide_idle(
    claims: Mapping[int, Object], stateful_set: Object | None, pods: Collection[int], now: datetime, keep: float
) -> IdleClaims:
    """Decide; `keep` is in seconds. While the StatefulSet, which says how many replicas there are, is gone, none is."""
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
    text = claim["metadata"].get("annotations", {}).get(IDLE_SINCE_ANNOTATION)
    try:
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None  # somebody else wrote it: it is marked anew


def _mark(claim: Object, since: datetime | None) -> Manifest:
    metadata = {key: claim["metadata"][key] for key in ("name", "namespace", "uid")}
    if since is not None:
        metadata["annotations"] = {IDLE_SINCE_ANNOTATION: since.astimezone(UTC).strftime(_FORMAT)}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
