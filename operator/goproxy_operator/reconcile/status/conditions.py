"""The conditions of an object, with the meaning that kstatus gives them. Pure.

Ready is always there, and true where at least one replica serves what is in force: a generation that is not carried out
makes no fleet unready. Reconciling, Stalled, StorageResizing, DiskPressure and Slow are there only while they are true,
WithinClass only while it is false. UpstreamReachable and CredentialsReady are there once a replica has
reported, AuditDelivered once one with an audit log has, PeersReady once several have, ObjectStoreReady once one with an
object store has, ModulesSynced once one has looked for new versions. ParentReady is there where the object names a
parent.
"""

from collections.abc import Mapping

from goproxy_operator.reconcile.decide.audit import audit_message
from goproxy_operator.reconcile.status.access import ACCESS_READY, access_ready
from goproxy_operator.reconcile.status.audited import AUDIT_DELIVERED, audit_delivered
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.held import held, serving
from goproxy_operator.reconcile.status.reachability import (
    CREDENTIALS_READY,
    UPSTREAM_REACHABLE,
    Statement,
    config_warnings,
    credentials_ready,
    upstream_reachable,
)
from goproxy_operator.reconcile.status.reported import config_refusals, disk_pressures, refused_reports
from goproxy_operator.reconcile.status.sharing import (
    OBJECT_STORE_READY,
    PARENT_READY,
    PEERS_READY,
    object_store_ready,
    parent_ready,
    peers_ready,
)
from goproxy_operator.reconcile.status.slow import SLOW, slow
from goproxy_operator.reconcile.status.synced import MODULES_SYNCED, modules_synced

REPORTED = (
    UPSTREAM_REACHABLE,
    CREDENTIALS_READY,
    ACCESS_READY,
    AUDIT_DELIVERED,
    PEERS_READY,
    OBJECT_STORE_READY,
    MODULES_SYNCED,
    "DiskPressure",
    SLOW,
)
"""The conditions that come from reports alone, in their order after ConfigSynced."""
TYPES = frozenset(
    {
        "Ready",
        "Reconciling",
        "Stalled",
        "ConfigSynced",
        *REPORTED,
        PARENT_READY,
        "AutoscalingActive",
        "StorageResizing",
        "WithinClass",
    }
)
NO_REPORTS = "NoReports"
UNDER_WAY = frozenset({"Applying", "ScalingIn", "RollingOut", "ReplicasNotReady"})
"""The reasons of Reconciling while nothing is known to stand in the way; any other is trouble."""
ROLLED = "replicas run what is asked for"
"""Words of Reconciling while a roll-out is under way, whatever its reason is."""
WARNINGS = "InForceWithWarnings"
FIGURES = frozenset({"DiskPressure", "StorageResizing"})
"""The conditions whose messages hold figures: a message that reads otherwise than before is no news of its own."""


def statements(facts: StatusFacts) -> list[Statement]:
    """Return what holds now."""
    made = [_ready(facts)]
    if facts.stalled is not None:
        made.append(("Stalled", "True", facts.stalled.reason, facts.stalled.message))
    elif not facts.suspended and (reconciling := _reconciling(facts)):
        made.append(reconciling)
    if facts.resizing is not None:
        made.append(("StorageResizing", "True", "ClaimsGrowing", facts.resizing))
    made.append(_config_synced(facts))
    reported = (upstream_reachable, credentials_ready, access_ready, audit_delivered)
    made += filter(None, (condition(facts.replicas) for condition in reported))
    made += filter(None, (condition(facts.replicas, facts.now) for condition in (peers_ready, object_store_ready)))
    if synced := modules_synced(facts.replicas):
        made.append(synced)
    if parent := parent_ready(facts.family, facts.replicas):
        made.append(parent)
    if pressed := _disk_pressure(facts):
        made.append(pressed)
    if slowed := slow(facts.replicas):
        made.append(slowed)
    if facts.goproxy.spec.autoscaling is not None:
        made.append(_autoscaling_active(facts))
    if (audit := facts.verdict.audit) is not None:
        made.append(("WithinClass", "False", audit.reason, audit_message(facts.verdict, audit)))
    return made


def _ready(facts: StatusFacts) -> Statement:
    ready, desired = facts.count("readyReplicas"), facts.desired_replicas
    if facts.stalled is not None or facts.suspended:
        return held(facts)
    serves = serving(facts)
    if not facts.seen_by_its_controller:
        return "Ready", str(ready > 0), "Applying", f"this generation is being applied; {serves}"
    if desired == 0:
        return "Ready", "False", "ScaledToZero", "no replica is asked for: write replicas 1 or more"
    trouble = facts.trouble
    told = f"{serves}; {trouble.message}" if trouble is not None else serves
    if ready == 0:
        return "Ready", "False", trouble.reason if trouble is not None else "NoReplicaReady", told
    return "Ready", "True", "Serving", told


def _reconciling(facts: StatusFacts) -> Statement | None:
    """Return what is under way. What keeps it from its end is told as the reason; the message begins with both."""
    under_way = _under_way(facts)
    if under_way is None:
        return None
    reason, message = under_way
    if facts.trouble is not None:
        reason, message = facts.trouble.reason, f"{message}; {facts.trouble.message}"
    return "Reconciling", "True", reason, message


def _under_way(facts: StatusFacts) -> tuple[str, str] | None:
    desired = facts.desired_replicas
    if not facts.seen_by_its_controller:
        return "Applying", "waiting for the StatefulSet controller"
    if facts.count("replicas") > desired:
        return "ScalingIn", f"{facts.count('replicas')} replicas are becoming {desired}"
    if facts.rolling:
        return "RollingOut", f"{facts.count('updatedReplicas')} of {desired} {ROLLED}"
    if facts.count("readyReplicas") < desired:
        return "ReplicasNotReady", f"{facts.count('readyReplicas')} of {desired} replicas are ready"
    return None


def _config_synced(facts: StatusFacts) -> Statement:
    if facts.config_problem is not None:
        return "ConfigSynced", "False", facts.config_problem.reason, facts.config_problem.message
    if refused := config_refusals(facts.replicas):
        return "ConfigSynced", "False", "ConfigRefused", "; ".join(refused)
    if bad := refused_reports(facts.replicas):
        return "ConfigSynced", "False", "ReportRefused", f"reports are not taken: {'; '.join(bad)}"
    reports = [replica.report for replica in facts.replicas if replica.report is not None]
    if not reports:
        return "ConfigSynced", "Unknown", NO_REPORTS, "no replica has reported yet"
    synced = sum(report.config.hash == facts.config_hash for report in reports)
    total = max(len(facts.replicas), facts.desired_replicas)
    message = f"{synced} of {total} replicas run the config in force"
    if synced == total and (warnings := config_warnings(facts.replicas)):
        return "ConfigSynced", "True", WARNINGS, f"{message}; they warn: {warnings}"
    if synced == total:
        return "ConfigSynced", "True", "InForce", message
    return "ConfigSynced", "False", "Spreading", message


def _disk_pressure(facts: StatusFacts) -> Statement | None:
    pressed = disk_pressures(facts.replicas)
    return ("DiskPressure", "True", "CacheDiskFull", "; ".join(pressed)) if pressed else None


def _autoscaling_active(facts: StatusFacts) -> Statement:
    if facts.autoscaling_problem is not None:
        return "AutoscalingActive", "False", facts.autoscaling_problem.reason, facts.autoscaling_problem.message
    autoscaler = facts.autoscaler or {}
    status = autoscaler.get("status")
    found = status.get("conditions") if isinstance(status, Mapping) else None
    # A ScaledObject of KEDA's calls the condition otherwise.
    kind = "Ready" if autoscaler.get("kind") == "ScaledObject" else "ScalingActive"
    for condition in found if isinstance(found, list) else ():
        # Nobody checks what the status of a ScaledObject holds: whoever may edit one may write anything.
        if isinstance(condition, Mapping) and condition.get("type") == kind:
            said = condition.get("status")
            said = said if said in ("True", "False", "Unknown") else "Unknown"
            reason = condition.get("reason") or "Unknown"
            return "AutoscalingActive", said, str(reason), str(condition.get("message") or "")
    return "AutoscalingActive", "Unknown", "NotReported", "the autoscaler has not reported yet"
