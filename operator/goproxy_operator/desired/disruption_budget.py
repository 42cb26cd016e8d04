"""How many replicas a node drain may take down at a time."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child


def disruption_budget(goproxy: GoProxy) -> Manifest:
    """Return the PodDisruptionBudget: one at a time, and a replica that is not ready never blocks a drain."""
    fleet = goproxy.metadata.name
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": names.selector(fleet)},
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return child(goproxy, "policy/v1", "PodDisruptionBudget", names.disruption_budget(fleet), {"spec": spec})
