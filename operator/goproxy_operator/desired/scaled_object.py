"""The range of replicas for KEDA, which makes a HorizontalPodAutoscaler from it.

Source: "ScaledObject specification" and "Prometheus" scaler of KEDA's documentation. KEDA could add up the replicas'
reports itself, but only late versions do. Older ones would silently take the figure of one replica for all, and would
count a silent replica as zero.
"""

from goproxy_operator.api.autoscaling import AutoscalingSpec, PrometheusSpec
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.autoscaler import SCALE_DOWN_SECONDS, least_replicas
from goproxy_operator.desired.manifest import Manifest, child


def request_rate_query(goproxy: GoProxy) -> str:
    """Return the PromQL of the fleet's rate: two minutes hold enough samples at any usual scrape interval."""
    pods = f"{names.stateful_set(goproxy.metadata.name)}-[0-9]+"
    return f'sum(rate(http_requests_total{{namespace="{goproxy.metadata.namespace}",pod=~"{pods}"}}[2m]))'


def scaled_object(goproxy: GoProxy, autoscaling: AutoscalingSpec, prometheus: PrometheusSpec) -> Manifest:
    """Return the ScaledObject. An answer without data is an error (ignoreNullValues), because a zero would scale in."""
    fleet = goproxy.metadata.name
    trigger = {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": prometheus.server_address,
            "query": request_rate_query(goproxy),
            "threshold": str(autoscaling.target_requests_per_second),
            "ignoreNullValues": "false",
        },
    }
    behavior = {"scaleDown": {"stabilizationWindowSeconds": SCALE_DOWN_SECONDS}}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": names.stateful_set(fleet)},
        "minReplicaCount": least_replicas(autoscaling),
        "maxReplicaCount": autoscaling.max_replicas,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
        "triggers": [trigger],
    }
    return child(goproxy, "keda.sh/v1alpha1", "ScaledObject", names.scaled_object(fleet), {"spec": spec})
