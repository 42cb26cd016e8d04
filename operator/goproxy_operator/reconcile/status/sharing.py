"""What replicas report of each other and of the object store, and what becomes of a parent, as conditions. Pure.

No message holds a figure that moves. What replicas report counts when it has lasted: replicas that start or drain miss
each other for a moment, and a store may be busy for one.
"""

from collections.abc import Callable, Mapping, Sequence

from goproxy_operator.reconcile.decide.family import Family
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import Statement, failing_servers, joined, problems, told_by
from modproxy.contract.report import ObjectStoreState, PeersState, Role

PEERS_READY = "PeersReady"
OBJECT_STORE_READY = "ObjectStoreReady"
PARENT_READY = "ParentReady"
PARENT_IN_USE, PARENT_UNAVAILABLE = "ParentInUse", "ParentUnavailable"
PEERS_PATIENCE = 120.0
"""Seconds: a replica that is replaced has come back within this time."""
STORE_PATIENCE = 60.0
"""Seconds: a store that is busy, or whose server is replaced, takes files again within this time."""


def peers_ready(replicas: Sequence[ReplicaFacts], now: float) -> Statement | None:
    """Return the condition about the replicas as one cache; None with one replica, and before several have reported.

    `now` is in seconds since the epoch.
    """
    reports = told_by(replicas, lambda report: report.peers)
    if len(reports) < 2:
        return None
    told = problems(_lasting(reports, PEERS_PATIENCE, now, lambda state: ""))
    if told:
        message = f"{joined(told)}; each replica that is not reached asks upstream by itself"
        return PEERS_READY, "False", "PeersUnreachable", message
    return PEERS_READY, "True", "PeersAnswer", "the replicas answer each other"


def object_store_ready(replicas: Sequence[ReplicaFacts], now: float) -> Statement | None:
    """Return the condition about the object store; None before a replica with one has reported."""
    reports = told_by(replicas, lambda report: report.object_store)
    if not reports:
        return None
    told = problems(_lasting(reports, STORE_PATIENCE, now, lambda state: f"{state.url} "))
    if told:
        message = f"{joined(told)}; what is new waits on the replicas' disks, and is written when the store takes it"
        return OBJECT_STORE_READY, "False", "ObjectStoreUnusable", message
    return OBJECT_STORE_READY, "True", "ObjectStoreAnswers", "the object store can be read and written"


def parent_ready(family: Family, replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition about the parent; None where the object names none."""
    if family.parent is None:
        return None
    where = "/".join(family.parent)
    if family.problem is not None:
        message = f"{family.problem.message}; until then upstream is asked at once"
        return PARENT_READY, "False", family.problem.reason, message
    if told := parent_failures(replicas):
        return PARENT_READY, "False", PARENT_UNAVAILABLE, f"{joined(told)}; meanwhile upstream is asked at once"
    return PARENT_READY, "True", PARENT_IN_USE, f"GoProxy {where} is asked before upstream"


def parent_failures(replicas: Sequence[ReplicaFacts]) -> list[str]:
    """Return what replicas report of a parent that fails."""
    found = failing_servers(replicas, lambda outage: outage.role == Role.PARENT)
    return [words for words, _ in found]


def _lasting(
    reports: Mapping[str, PeersState] | Mapping[str, ObjectStoreState],
    patience: float,
    now: float,
    about: Callable[..., str],
) -> dict[str, list[str]]:
    """Return the words of each replica about what has failed for so long."""
    return {
        name: [f"{about(state)}{state.failure}{f': {state.remedy}' if state.remedy else ''}"]
        if state.failure is not None and (state.since is None or now - state.since >= patience)
        else []
        for name, state in reports.items()
    }
