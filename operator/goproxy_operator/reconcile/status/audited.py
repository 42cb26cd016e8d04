"""What replicas report of the audit log, as a condition. Pure.

The condition is there once a replica with an audit log has reported. Its message holds no figure that moves: the
time in it is when the first replica began to fail.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import Statement, told_by, who
from modproxy.contract.report import AuditState

AUDIT_DELIVERED = "AuditDelivered"
_LATEST = 253_402_300_799.0
"""The last second of the year 9999, because a replica may report anything."""


def audit_delivered(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition about the audit log; None before a replica with one has reported."""
    reports = told_by(replicas, lambda report: report.audit)
    if not reports:
        return None
    if losing := {name: state for name, state in reports.items() if state.losing}:
        why = min(str(state.losing) for state in losing.values())
        return (
            AUDIT_DELIVERED,
            "False",
            "AuditRecordsLost",
            f"records were lost within the last hour: {why} (seen by {who(losing, reports)}); "
            f"modproxy_audit_records_total counts them{_failure_words(reports)}",
        )
    if failure := _failure_words(reports):
        return AUDIT_DELIVERED, "False", "AuditReceiverFails", failure.removeprefix("; ")
    return AUDIT_DELIVERED, "True", "Delivered", "every record has reached its place, or is on its way there"


def _failure_words(reports: Mapping[str, AuditState]) -> str:
    failing = {name: state for name, state in reports.items() if state.failure}
    if not failing:
        return ""
    state = min(failing.values(), key=lambda one: (one.receiver, str(one.failure)))
    since = min((one.since for one in failing.values() if one.since is not None), default=None)
    told = f" since {_minute(since)}" if since is not None else ""
    return (
        f"; {state.receiver} {state.failure}{told} (seen by {who(failing, reports)}); the records wait on the "
        "replicas' disks and are sent when it answers"
    )


def _minute(since: float) -> str:
    return datetime.fromtimestamp(min(since, _LATEST), UTC).strftime("%Y-%m-%dT%H:%MZ")
