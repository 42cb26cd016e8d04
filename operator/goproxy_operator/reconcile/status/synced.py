"""What replicas report of the modules that are kept complete, as a condition. Pure."""

from collections.abc import Sequence

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reachability import Statement, joined, problems, told_by
from modproxy.contract.report import SyncState

MODULES_SYNCED = "ModulesSynced"


def modules_synced(replicas: Sequence[ReplicaFacts]) -> Statement | None:
    """Return the condition about `spec.sync`; None before a replica has ended a run.

    Each replica tells of the modules that it owns. No message holds a figure that moves.
    """
    runs = {
        name: state
        for name, state in told_by(replicas, lambda report: report.sync).items()
        if state.last_run is not None
    }
    if not runs:
        return None
    if not any(state.missing for state in runs.values()):
        return MODULES_SYNCED, "True", "Complete", "the last runs found all versions held, or fetched them"
    told = problems({name: _words(state) for name, state in runs.items()})
    why = joined(told) or "the log of the replicas tells why"
    return MODULES_SYNCED, "False", "VersionsMissing", f"some versions are not held: {why}; the next run tries again"


def _words(state: SyncState) -> list[str]:
    return [*filter(None, [state.stopped]), *state.problems] if state.missing else []
