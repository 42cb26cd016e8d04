"""The range of replicas, sized by request rate."""

from goproxy_operator.api.autoscaling import AutoscalingSpec, Provider
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.quantity import canonical

SCALE_DOWN_SECONDS = 600
"""How long the rate has to stay low before replicas go, because a cold replica is a slow one."""


def least_replicas(autoscaling: AutoscalingSpec) -> int:
    """Return the lower end of the range."""
    return autoscaling.min_replicas or 1


def autoscaler(goproxy: GoProxy, autoscaling: AutoscalingSpec, provider: Provider) -> Manifest:
    """Return the HorizontalPodAutoscaler. It reads the operator's own metrics or those of an adapter."""
    fleet = goproxy.metadata.name
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": names.stateful_set(fleet)},
        "minReplicas": least_replicas(autoscaling),
        "maxReplicas": autoscaling.max_replicas,
        "metrics": [_metric(fleet, autoscaling, provider)],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_SECONDS}},
    }
    return child(goproxy, "autoscaling/v2", "HorizontalPodAutoscaler", names.autoscaler(fleet), {"spec": spec})


def _metric(fleet: str, autoscaling: AutoscalingSpec, provider: Provider) -> Manifest:
    """Return the metric: the rate of each pod, or that of the whole fleet, which is divided by the replicas."""
    target = {"type": "AverageValue", "averageValue": canonical(str(autoscaling.target_requests_per_second))}
    if provider is Provider.CUSTOM_METRICS:
        return {"type": "Pods", "pods": {"metric": {"name": names.RATE_METRIC}, "target": target}}
    metric = {"name": names.RATE_METRIC, "selector": {"matchLabels": names.selector(fleet)}}
    return {"type": "External", "external": {"metric": metric, "target": target}}
