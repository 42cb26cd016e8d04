"""The ServiceMonitor, by which the Prometheus operator scrapes the replicas."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child, labelled


def service_monitor(goproxy: GoProxy) -> Manifest:
    """Return the ServiceMonitor. `job` becomes the fleet's name, which alerts and dashboard select by."""
    fleet = goproxy.metadata.name
    spec = {
        "jobLabel": names.FLEET_LABEL,
        "selector": {"matchLabels": names.selector(fleet)},
        # Only the headless Service has a port of that name. honorLabels keeps the label `endpoint` of the metrics.
        "endpoints": [{"port": names.ADMIN_PORT, "path": "/metrics", "honorLabels": True}],
    }
    name = names.service_monitor(fleet)
    made = child(goproxy, "monitoring.coreos.com/v1", "ServiceMonitor", name, {"spec": spec})
    return labelled(made, goproxy.spec.monitoring.labels)
