"""Who says how many replicas there are, and how the number passes from us to an autoscaler without a dip.

Server-side apply: a field that its only owner stops sending falls back to its default (one replica), and a stale number
sent with force takes the field back. So before we stop sending it, a second manager of ours takes the live number; the
autoscaler's first write replaces that one by itself.
"""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.cluster.resources import Object
from goproxy_operator.cluster.trim import REPLICAS_OWNERS
from goproxy_operator.desired.autoscaler import least_replicas
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import FIELD_MANAGER
from goproxy_operator.desired.stateful_set import DEFAULT_REPLICAS

INTERIM_MANAGER = f"{FIELD_MANAGER}-replicas"


@dataclass(frozen=True, slots=True)
class Replicas:
    """What the StatefulSet is sent."""

    send: int | None
    """None leaves the number alone."""
    hand_over: bool = False
    """The second manager has to own the number before we leave it alone."""


def decide_replicas(goproxy: GoProxy, live: Object | None, running: int = 0, *, autoscaled: bool = True) -> Replicas:
    """Decide from the live StatefulSet, if there is one; if there is none, from how many replicas `running` pods tell.

    An autoscaler's number is nowhere else: a StatefulSet that is gone comes back with the replicas that still run.
    `autoscaled` is False where there is no autoscaler, and so nobody else to keep to the range.
    """
    autoscaling = goproxy.spec.autoscaling
    if autoscaling is None:
        replicas = goproxy.spec.replicas
        return Replicas(DEFAULT_REPLICAS if replicas is None else replicas)
    if live is None:
        return Replicas(max(least_replicas(autoscaling), running))
    if not autoscaled:
        there = int(live["spec"].get("replicas", 1))
        within = min(max(there, least_replicas(autoscaling)), autoscaling.max_replicas)
        if within != there:
            return Replicas(within)
    return Replicas(None, hand_over=set(live.get(REPLICAS_OWNERS, ())) == {FIELD_MANAGER})


def interim_manifest(live: Object) -> Manifest:
    """Return what the second manager applies, without force: the number there is."""
    metadata = live["metadata"]
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]},
        "spec": {"replicas": live["spec"]["replicas"]},
    }
