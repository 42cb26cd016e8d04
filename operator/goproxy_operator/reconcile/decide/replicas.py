"""Who says how many replicas there are, and how the number passes from us to an autoscaler without a dip.

With server-side apply, a field that its only owner stops sending falls back to its default (one replica), and a stale
number that is sent with force takes the field back. So a second manager of ours takes the live number before we stop
sending it; the autoscaler's first write replaces that manager by itself.
"""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.autoscaler import least_replicas
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.names import FIELD_MANAGER
from goproxy_operator.desired.stateful_set import DEFAULT_REPLICAS
from goproxy_operator.kube.resources import STATEFUL_SETS, Object, very_object
from goproxy_operator.observed.views import replicas_owners

INTERIM_MANAGER = f"{FIELD_MANAGER}-replicas"


@dataclass(frozen=True, slots=True)
class Replicas:
    """The number that the StatefulSet is sent."""

    send: int | None
    """None leaves the number alone."""
    hand_over: bool = False
    """The second manager has to own the number before we leave it alone."""


def decide_replicas(goproxy: GoProxy, live: Object | None, running: int = 0, *, autoscaled: bool = True) -> Replicas:
    """Decide from the live StatefulSet, if there is one; without it, from the number of replicas that are `running`.

    An autoscaler's number is written nowhere else, so a StatefulSet that is gone comes back with the replicas that
    still run. `autoscaled` is False where there is no autoscaler; then we keep the number within the range.
    """
    autoscaling = goproxy.spec.autoscaling
    if autoscaling is None:
        replicas = goproxy.spec.replicas
        return Replicas(DEFAULT_REPLICAS if replicas is None else replicas)
    if live is None:
        # Pods that somebody else made under a replica's name count too, so the range holds here as well.
        return Replicas(min(max(least_replicas(autoscaling), running), autoscaling.max_replicas))
    if not autoscaled:
        there = int(live["spec"].get("replicas", 1))
        within = min(max(there, least_replicas(autoscaling)), autoscaling.max_replicas)
        if within != there:
            return Replicas(within)
    return Replicas(None, hand_over=replicas_owners(live) == {FIELD_MANAGER})


def interim_manifest(live: Object) -> Manifest:
    """Return what the second manager applies, without force: the number there is."""
    return {**very_object(STATEFUL_SETS, live), "spec": {"replicas": live["spec"]["replicas"]}}
