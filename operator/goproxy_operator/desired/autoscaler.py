"""The range of replicas, sized by request rate."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.spec import Autoscaling
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.quantity import canonical

SCALE_DOWN_SECONDS = 600
"""How long the rate has to stay low: a cold replica is a slow one."""


def least_replicas(autoscaling: Autoscaling) -> int:
    """Return the lower end of the range."""
    return autoscaling.min_replicas or 1


def autoscaler(goproxy: GoProxy, autoscaling: Autoscaling) -> Manifest:
    """Return the HorizontalPodAutoscaler. An average of an external metric is divided by the replicas there are."""
    fleet = goproxy.metadata.name
    metric = {
        "type": "External",
        "external": {
            "metric": {"name": names.RATE_METRIC, "selector": {"matchLabels": names.selector(fleet)}},
            "target": {
                "type": "AverageValue",
                "averageValue": canonical(str(autoscaling.target_requests_per_second)),
            },
        },
    }
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": names.stateful_set(fleet)},
        "minReplicas": least_replicas(autoscaling),
        "maxReplicas": autoscaling.max_replicas,
        "metrics": [metric],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_SECONDS}},
    }
    return child(goproxy, "autoscaling/v2", "HorizontalPodAutoscaler", names.autoscaler(fleet), {"spec": spec})
