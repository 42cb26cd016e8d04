"""What an object's status says of its replicas' reports. Pure.

The scraping reads the same values as the status, so that a pass runs if and only if the status would say something
else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goproxy_operator.api.status import ObjectStoreStatus, PeersStatus, RefusalStatus, ReplicaStatus, StorageStatus
from goproxy_operator.figures import fleet_figures, hit_rate_percent, storage_figures
from goproxy_operator.quantity import format_bytes
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.access import access_ready
from goproxy_operator.reconcile.status.audited import audit_delivered
from goproxy_operator.reconcile.status.reachability import (
    config_warnings,
    credentials_ready,
    told_by,
    upstream_reachable,
)
from goproxy_operator.reconcile.status.sharing import object_store_ready, parent_failures, peers_ready
from goproxy_operator.reconcile.status.slow import slow
from goproxy_operator.reconcile.status.synced import modules_synced
from modproxy.contract.report import MOST_PEERS, Report

REFUSAL_KINDS = ("class", "identity", "access", "modules", "vulnerabilities", "age", "licenses")
"""The kinds of rules that a status tells of. A newer replica may know others, and a tenant's replica any."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Carries the figures of the whole fleet, as the status rounds them."""

    hit_rate_percent: int | None
    requests_per_second: int | None
    storage: StorageStatus | None
    refusals: tuple[RefusalStatus, ...]
    peers: PeersStatus | None
    object_store: ObjectStoreStatus | None


def figures(replicas: Sequence[ReplicaFacts]) -> Figures:
    """Return the figures of the replicas that reported."""
    found = fleet_figures([replica.report for replica in replicas if replica.report is not None])
    rate, storage = found.requests_per_second, found.storage
    return Figures(
        found.hit_rate_percent,
        None if rate is None else two_digits(rate),
        None
        if storage is None
        else StorageStatus(
            used=format_bytes(storage.used_bytes),
            capacity=format_bytes(storage.capacity_bytes),
            percent=min(storage.percent, 100),
        ),
        _refusals(replicas),
        _peers(replicas),
        _object_store(replicas),
    )


def _peers(replicas: Sequence[ReplicaFacts]) -> PeersStatus | None:
    """Return how many others the replica sees that sees the fewest; None with one replica."""
    reports = told_by(replicas, lambda report: report.peers)
    expected = max((state.known for state in reports.values()), default=0)
    if expected == 0:
        return None
    # A report names some of very many.
    seen = (state.known if len(state.seen) == MOST_PEERS else len(state.seen) for state in reports.values())
    return PeersStatus(seen=min(*seen, expected), expected=expected)


def _object_store(replicas: Sequence[ReplicaFacts]) -> ObjectStoreStatus | None:
    """Return how many files wait to be written to the object store; None while none do."""
    waiting = sum(state.waiting for state in told_by(replicas, lambda report: report.object_store).values())
    return ObjectStoreStatus(waiting=_step(waiting)) if waiting else None


def _refusals(replicas: Sequence[ReplicaFacts]) -> tuple[RefusalStatus, ...]:
    found: Counter[str] = Counter()
    for replica in replicas:
        found.update((replica.report.refusals or {}) if replica.report is not None else {})
    known = (RefusalStatus(rule=kind, count=_step(found[kind])) for kind in REFUSAL_KINDS if found[kind])
    return tuple(known)


def replica_status(replica: ReplicaFacts) -> ReplicaStatus:
    """Return what the status says of one replica."""
    if replica.report is None:
        return ReplicaStatus(name=replica.name, ready=replica.ready)
    storage = storage_figures(replica.report.storage)
    return ReplicaStatus(
        name=replica.name,
        ready=replica.ready,
        hit_rate_percent=hit_rate_percent([replica.report.window]),
        used=format_bytes(storage.used_bytes),
        capacity=format_bytes(storage.capacity_bytes),
        config=replica.report.config.hash,
    )


def config_refusals(replicas: Sequence[ReplicaFacts]) -> list[str]:
    """Return which replicas do not take their config, and why."""
    return [
        f"{replica.name}: {replica.report.config.error}"
        for replica in replicas
        if replica.report is not None and replica.report.config.error
    ]


def refused_reports(replicas: Sequence[ReplicaFacts]) -> list[str]:
    """Return whose reports are not taken, and why."""
    return [f"{replica.name}: {replica.refused}" for replica in replicas if replica.refused]


def disk_pressures(replicas: Sequence[ReplicaFacts]) -> list[str]:
    """Return whose disks take nothing more, and why."""
    return [
        f"{replica.name}: {replica.report.storage.disk_pressure}"
        for replica in replicas
        if replica.report is not None and replica.report.storage.disk_pressure
    ]


def told(reports: Mapping[str, Report], refused: Mapping[str, str], now: float) -> object:
    """Return all that the status says of these reports, by pod, at a time, for a comparison."""
    replicas = [
        ReplicaFacts(name, True, reports.get(name), refused=refused.get(name))
        for name in sorted(reports.keys() | refused.keys())
    ]
    return (
        figures(replicas),
        [replica_status(replica) for replica in replicas],
        config_refusals(replicas),
        refused_reports(replicas),
        disk_pressures(replicas),
        upstream_reachable(replicas),
        credentials_ready(replicas),
        access_ready(replicas),
        audit_delivered(replicas),
        peers_ready(replicas, now),
        object_store_ready(replicas, now),
        parent_failures(replicas),
        modules_synced(replicas),
        config_warnings(replicas),
        slow(replicas),
    )


def _step(count: int) -> int:
    """Round a count of at least 1 down to 1, 2 or 5 times a power of ten, so that it moves seldom."""
    power: int = 10 ** (len(str(count)) - 1)
    return next(step * power for step in (5, 2, 1) if step * power <= count)


def two_digits(value: float) -> int:
    """Round to two significant digits: a figure that trembles is not worth a write."""
    whole = round(value)
    step: int = 10 ** max(len(str(whole)) - 2, 0)
    return round(whole / step) * step
