"""Which generation of an object is in force while the newest one is not carried out, and what is repaired of it. Pure.

What was accepted once stays: what runs is put back when somebody changes or deletes it. The spec is kept together with
the defaults that its class had then. Laid over the defaults of today, it could put a fleet's own address beside a
Secret that the class has named since, which no class has ever admitted.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from goproxy_operator.api.goproxy import GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.api.status import InForceStatus
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.desired.config_map import documents_of
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.kube.resources import Object
from goproxy_operator.reconcile.decide.classes import BY, Admitted, Classes, admit, imposed_by
from goproxy_operator.reconcile.decide.imposed import governing
from goproxy_operator.reconcile.decide.plan import ChildId, child_id, controlled
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.config import Imposed, ProofConfig

LARGEST_SPEC = 2**18
"""Bytes of a spec that a status may hold: `kubectl apply` takes no larger object, and etcd takes 1.5 MiB."""
REFUSED = "Refused"
FAULT = "OperatorFault"
_NOT_CARRIED_OUT = frozenset(
    {"InvalidSpec", "ClassInvalid", "ClassNotAdmitted", "ClassLimitExceeded", REFUSED, FAULT, "Suspended"}
)
"""Reasons of conditions about a generation that is not in force, or not as a whole."""
_OF_EVERY_FLEET = frozenset(
    {"ServiceAccount", "ConfigMap", "Service", "StatefulSet", "PodDisruptionBudget", "NetworkPolicy"}
)


@dataclass(frozen=True, slots=True)
class GenerationInForce:
    """The generation that was carried out last."""

    generation: int
    spec: Mapping[str, Any] | None = None
    """With the defaults that its class had then; None where nobody knows it."""
    class_name: str | None = None
    """The class that admitted it."""

    def document(self) -> Mapping[str, Any]:
        """Return what the status says of it."""
        written: dict[str, Any] = {"generation": self.generation}
        if self.class_name is not None:
            written["className"] = self.class_name
        if self.spec is not None and len(json.dumps(self.spec)) <= LARGEST_SPEC:
            written["spec"] = _without_null(self.spec)
        return written


@dataclass(frozen=True, slots=True)
class Restored:
    """What is repaired of a fleet whose newest generation is not carried out."""

    admitted: Admitted
    whole: bool
    """The classes of today admit it, so that all of it is made again."""

    def repairs(self, children: Sequence[Manifest], live: Mapping[ChildId, Object]) -> list[Manifest]:
        """Return the children to repair, as they are to be. `live` has those there are."""
        return [self._as_reachable(child, live.get(child_id(child))) for child in self.keep(children, live.keys())]

    def _as_reachable(self, child: Manifest, there: Object | None) -> Manifest:
        """Return a Service that can be reached from outside the cluster only if it still can be so."""
        if self.whole or child["kind"] != "Service":
            return child
        spec = child["spec"]
        if there is not None and there["spec"].get("type") == spec["type"]:
            return child
        inside = {key: value for key, value in spec.items() if key != "loadBalancerClass"} | {"type": "ClusterIP"}
        return {**child, "spec": inside}

    def keep(self, children: Sequence[Manifest], live: Collection[ChildId]) -> list[Manifest]:
        """Return which children are to be repaired.

        What a class forbids today is not made anew where it was deleted, or never was: an Ingress, a route. Of that
        only what there is stays as it was.
        """
        return [
            child for child in children if self.whole or child["kind"] in _OF_EVERY_FLEET or child_id(child) in live
        ]


def is_suspended(item: Object) -> bool:
    """Say whether the object's user wants nothing changed, however wrong the rest of the object is."""
    spec = item.get("spec")
    return isinstance(spec, Mapping) and spec.get("suspend") is True


def told_in_force(item: Object) -> GenerationInForce | None:
    """Return what an object's status says: None where no generation was ever carried out, or nobody knows which."""
    status, newest = item.get("status") or {}, item["metadata"].get("generation", 0)
    if (held := status.get("inForce")) is not None:
        try:
            read = InForceStatus.model_validate(held)
        except ValidationError:
            return None
        return GenerationInForce(read.generation, read.spec, read.class_name) if read.generation <= newest else None
    conditions = status.get("conditions", ())
    reasons = {c["reason"] for c in conditions if c["type"] in ("Ready", "Stalled")}
    seen = status.get("observedGeneration", 0)
    return GenerationInForce(seen) if 0 < seen <= newest and reasons and not reasons & _NOT_CARRIED_OUT else None


def restored(
    item: Object,
    in_force: GenerationInForce | None,
    live: Object | None,
    classes: Classes | None,
    labels: Mapping[str, str],
) -> Restored | None:
    """Return what is to be repaired, with what the class of today imposes on modules; None where it is not known.

    `live` is the fleet's ConfigMap, if there is one; the other arguments are those of `classes.admit`.
    """
    if in_force is None or in_force.spec is None:
        return None
    document = {**item, "spec": in_force.spec}
    try:
        goproxy = parse_goproxy(document)
    except InvalidGoProxyError:
        return None
    chosen = governing(item, f"{BY}{in_force.class_name}" if in_force.class_name else None, classes, labels)
    if not isinstance(chosen, Problem):
        imposed = imposed_by(chosen) if chosen is not None else None
    elif (found := _imposed_in(live, item["metadata"]["uid"])) is not None:
        imposed = found.imposed
    elif in_force.class_name is not None or chosen.reason == "ClassInvalid":
        return None  # nobody knows the rules that were imposed, and without them more could be served
    else:
        imposed = None
    return Restored(Admitted(goproxy, imposed), whole=isinstance(admit(document, classes, labels), Admitted))


def newest(item: Object, goproxy: GoProxy) -> GoProxy:
    """Return a fleet as it is in force, under the generation that the object has by now."""
    metadata = goproxy.metadata.model_copy(update={"generation": item["metadata"].get("generation", 0)})
    return goproxy.model_copy(update={"metadata": metadata})


def issuer_in(live: Object | None) -> ClusterIssuer | None:
    """Return who signs the tokens of service accounts by the config there is.

    It holds for as long as the API server does not tell. Otherwise a new operator would take the keys out of every
    config, and put them back a moment later.
    """
    if live is None:
        return None
    try:
        proof = json.loads(documents_of(live).config).get("peers", {}).get("proof", {})
        read = ProofConfig.model_validate({key: proof[key] for key in ("issuer", "keys") if key in proof})
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    return ClusterIssuer(read.issuer, read.keys) if read.issuer is not None else None


@dataclass(frozen=True, slots=True)
class _Found:
    imposed: Imposed | None


def _imposed_in(live: Object | None, uid: str) -> _Found | None:
    """Return the rules of the config there is; None where they cannot be read."""
    if live is None or not controlled(live, uid):
        return None
    try:
        written = json.loads(documents_of(live).config).get("modules", {}).get("imposed")
        return _Found(None if written is None else Imposed.model_validate(written))
    except (ValueError, AttributeError, RecursionError):
        return None


def _without_null(value: Any) -> Any:
    """Leave out what is null, as the API server does with what it stores."""
    if isinstance(value, Mapping):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list | tuple) else value
