"""The status of an object: computed from facts, and compared with the one that is written. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from goproxy_operator.api.status import MESSAGE_LENGTH, REASON_LENGTH, Condition, ParentStatus, Status
from goproxy_operator.desired import names
from goproxy_operator.kube.resources import GOPROXIES, Object, very_object
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.status.conditions import FIGURES, NO_REPORTS, REPORTED, TYPES, statements
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.reachability import Statement
from goproxy_operator.reconcile.status.reported import figures, replica_status
from goproxy_operator.reconcile.status.sharing import PARENT_IN_USE, PARENT_UNAVAILABLE
from goproxy_operator.timestamps import format_time

FIGURES_EVERY = 60.0
"""Seconds between two writes of a status in which nothing but figures moved."""
_FIGURES = ("hitRatePercent", "requestsPerSecond", "storage", "refusals", "peers", "objectStore")
_PASSING = frozenset({"refusals", "peers", "objectStore"})
"""Figures that come and go with what clients and pods do, so that nobody waits for their first one."""
_REPLICA_FIGURES = ("hitRatePercent", "used", "capacity")

Document = dict[str, Any]


class News(Enum):
    """What a computed status says beyond the one that is written."""

    NONE = "none"
    FIGURES = "figures"
    STATEMENT = "statement"


def compute_status(facts: StatusFacts, previous: Mapping[str, Any], now: datetime) -> Document:
    """Return the whole status. `previous` is the one that is written, for when a condition last changed."""
    goproxy = facts.goproxy
    name, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    fleet, parent = figures(facts.replicas), facts.family.parent
    status = Status(
        observed_generation=goproxy.metadata.generation,
        ready=f"{facts.count('readyReplicas')}/{facts.desired_replicas}" if facts.made else None,
        replicas=facts.count("replicas"),
        ready_replicas=facts.count("readyReplicas"),
        selector=",".join(f"{key}={value}" for key, value in names.selector(name).items()),
        endpoint=names.endpoint(
            name, namespace, goproxy.spec.expose.path_prefix or "", tls=goproxy.spec.expose.tls is not None
        ),
        hit_rate_percent=fleet.hit_rate_percent,
        requests_per_second=fleet.requests_per_second,
        refusals=fleet.refusals,
        storage=fleet.storage,
        peers=fleet.peers,
        object_store=fleet.object_store,
        parent=None if parent is None else ParentStatus(name="/".join(parent), used=facts.family.problem is None),
        claim_size=facts.claim_size,
        replica_status=tuple(map(replica_status, facts.replicas)),
        conditions=_conditions(statements(facts), previous, goproxy.metadata.generation, now),
    )
    document = _document(status)
    if facts.in_force is not None:
        document["inForce"] = facts.in_force.document()
    return document


def refused_status(facts: StatusFacts, previous: Mapping[str, Any], now: datetime) -> Document:
    """Return the status of an object that is not carried out, of which nobody may know what is in force."""
    status = compute_status(facts, previous, now)
    if facts.repaired:
        return status
    # The address depends on a spec that is not known.
    return {**status, **_only(previous, ("endpoint", "claimSize", "inForce"))} | _only(status, ("inForce",))


def not_scraped_yet(computed: Document, previous: Mapping[str, Any]) -> Document:
    """Return the status with what replicas had reported before this process started, until they are scraped anew."""
    replicas = {replica["name"]: replica for replica in previous.get("replicaStatus", ())}
    of_replica = (*_REPLICA_FIGURES, "config")
    merged = [
        {**_only(replicas.get(replica["name"], {}), of_replica), **replica}
        for replica in computed.get("replicaStatus", ())
    ]
    generation = computed["observedGeneration"]
    told = {c["type"]: c for c in previous.get("conditions", ()) if c.get("observedGeneration") == generation}
    conditions: list[Document] = []
    for condition in computed["conditions"]:
        before = told.get(condition["type"], condition)
        parent_failed = condition["reason"] == PARENT_IN_USE and before["reason"] == PARENT_UNAVAILABLE
        conditions.append(before if parent_failed or condition["reason"] == NO_REPORTS else condition)
        if condition["type"] == "ConfigSynced":
            conditions += [told[kind] for kind in REPORTED if kind in told]
    figures = _only(previous, _FIGURES)
    status = {**computed, **figures, "replicaStatus": merged, "conditions": conditions}
    return _without_empty(status)


def stalled_status(problem: Problem, generation: int, previous: Mapping[str, Any], now: datetime) -> Document:
    """Return the status of an object of which nothing can be computed: what was known of its replicas stays."""
    ready, wanted = previous.get("readyReplicas", 0), previous.get("replicas", 0)
    told = f"{ready} of {wanted} replicas were ready; generation {generation} is not carried out: see Stalled"
    made = [("Ready", str(ready > 0), problem.reason, told), ("Stalled", "True", problem.reason, problem.message)]
    kept = {key: value for key, value in ours(previous).items() if key not in ("conditions", "observedGeneration")}
    conditions = [_dump(condition) for condition in _conditions(made, previous, generation, now)]
    return {**kept, "observedGeneration": generation, "conditions": conditions}


def ours(previous: Mapping[str, Any]) -> Document:
    """Return what of a written status is ours to compare: others may add conditions of their own."""
    conditions = [condition for condition in previous.get("conditions", ()) if condition["type"] in TYPES]
    return {**previous, "conditions": conditions} if conditions else dict(previous)


def news(computed: Document, previous: Mapping[str, Any]) -> News:
    """Compare with the status that is written. A figure that appears or goes is a statement: somebody waits for it."""
    written = ours(previous)
    if computed == written:
        return News.NONE
    return News.FIGURES if _without_figures(computed) == _without_figures(written) else News.STATEMENT


def manifest(item: Object, status: Document) -> Object:
    """Return what is applied to the object's status."""
    return {**very_object(GOPROXIES, item), "status": status}


def _conditions(
    made: Sequence[Statement], previous: Mapping[str, Any], generation: int, now: datetime
) -> tuple[Condition, ...]:
    before = {condition["type"]: condition for condition in previous.get("conditions", ())}
    return tuple(
        Condition(
            type=kind,
            status=status,
            reason=_one_line(reason, REASON_LENGTH)[:REASON_LENGTH],
            message=shown if len(shown) <= MESSAGE_LENGTH else shown[: MESSAGE_LENGTH - 3] + "...",
            observed_generation=generation,
            last_transition_time=_since(before.get(kind), status, now),
        )
        for kind, status, reason, message in made
        for shown in (_one_line(message, MESSAGE_LENGTH),)
    )


def _one_line(text: str, longest: int) -> str:
    """Escape what cannot be printed: others write the status of autoscalers, and API servers repeat what they refuse.

    A little more than `longest` characters stay, so that it shows that there are more.
    """
    text = text[: longest + 1]
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _since(before: Mapping[str, Any] | None, status: str, now: datetime) -> str:
    if before is not None and before["status"] == status:
        return str(before["lastTransitionTime"])
    return format_time(now)


def _document(status: Status) -> Document:
    return _without_empty(_dump(status))


def _without_empty(status: Document) -> Document:
    """Leave out what is empty, but no 0: so many replicas are ready."""
    return {key: value for key, value in status.items() if value not in ([], {})}


def _dump(part: Status | Condition) -> Document:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)


def _without_figures(status: Mapping[str, Any]) -> Document:
    """Replace each figure by whether it is there."""
    return {
        **{key: value for key, value in _presence(status, _FIGURES).items() if key not in _PASSING},
        "replicaStatus": [_presence(replica, _REPLICA_FIGURES) for replica in status.get("replicaStatus", ())],
        "conditions": [
            _presence(condition, ("message",)) if condition["type"] in FIGURES else condition
            for condition in status.get("conditions", ())
        ],
    }


def _only(document: Mapping[str, Any], keys: Iterable[str]) -> Document:
    return {key: document[key] for key in keys if key in document}


def _presence(document: Mapping[str, Any], figures: Iterable[str]) -> Document:
    return {key: True if key in figures else value for key, value in document.items()}
