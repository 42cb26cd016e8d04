"""The ServiceMonitor, by which the Prometheus operator scrapes the replicas.

A tenant may choose the image that runs as a replica, and so what Prometheus is told. Nothing that is told may pass as
another's: labels are what Prometheus itself knows of the target, and only the series of a replica are taken.
"""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child, labelled

KEPT_NAMES = (
    "http_requests_total|http_request_duration_seconds_(bucket|count|sum)|modproxy_[a-z0-9_]+|process_(open|max)_fds"
)
"""The series of a replica. Series such as up or kube_pod_info have no place here: others alert on them."""
_OF_THE_TARGET = ("__name__", "container", "instance", "job", "namespace", "pod", "service")
_OF_THE_METRICS = (
    "cache",
    "code",
    "direction",
    "endpoint",
    "le",
    "mode",
    "operation",
    "outcome",
    "reason",
    "resource",
    "rule",
    "target",
    "version",
)
KEPT_LABELS = "|".join((*_OF_THE_TARGET, *_OF_THE_METRICS))
"""Others, such as cluster, would hide what Prometheus adds later where it sends the series on."""
_MOST_SAMPLES = 5000
"""Several times what a replica has: an endpoint, a status and a state of the cache make a series each."""
_MOST_BYTES = "4MB"
"""Several times what so many samples take."""
_MOST_LABELS = 20
_LONGEST_NAME = 64
_LONGEST_VALUE = 256
"""Namespaces, pods and versions are shorter."""


def service_monitor(goproxy: GoProxy) -> Manifest:
    """Return the ServiceMonitor. `job` becomes the fleet's name, which alerts and dashboard select by."""
    fleet = goproxy.metadata.name
    endpoint = {
        # Only the headless Service has a port of that name.
        "port": names.ADMIN_PORT,
        "path": "/metrics",
        # A replica that sends Prometheus elsewhere would let it ask whom the replica cannot.
        "followRedirects": False,
        # A label that both the target and the metrics have is renamed in the metrics, and then dropped. Of `endpoint`,
        # which the Prometheus operator sets, the metrics' own is kept.
        "relabelings": [
            {"action": "labeldrop", "regex": "endpoint"},
            {"action": "replace", "targetLabel": "job", "replacement": fleet},
        ],
        "metricRelabelings": [
            {"action": "keep", "sourceLabels": ["__name__"], "regex": KEPT_NAMES},
            {"action": "labelkeep", "regex": KEPT_LABELS},
        ],
    }
    spec = {
        "selector": {"matchLabels": names.selector(fleet)},
        "endpoints": [endpoint],
        "sampleLimit": _MOST_SAMPLES,
        "bodySizeLimit": _MOST_BYTES,
        "labelLimit": _MOST_LABELS,
        "labelNameLengthLimit": _LONGEST_NAME,
        "labelValueLengthLimit": _LONGEST_VALUE,
    }
    name = names.service_monitor(fleet)
    made = child(goproxy, "monitoring.coreos.com/v1", "ServiceMonitor", name, {"spec": spec})
    return labelled(made, goproxy.spec.monitoring.labels)
