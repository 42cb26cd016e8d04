"""Which children for Prometheus and Grafana are made: by default those that something in the cluster reads."""

from collections.abc import Collection

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.monitoring import Switch
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.dashboard import dashboard
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from goproxy_operator.desired.monitoring.service_monitor import service_monitor


def monitoring_children(goproxy: GoProxy, served: Collection[str], docs: str) -> list[Manifest]:
    """Return these children, except those whose kind is not `served`.

    A dashboard of the fleet's own is made for those who ask for it: the operator's installation brings one for all.
    """
    monitoring, watched = goproxy.spec.monitoring, scraped(goproxy, served)
    made = []
    if watched:
        made.append(service_monitor(goproxy))
    if "PrometheusRule" in served and _alerts(monitoring.rules, watched):
        made.append(prometheus_rule(goproxy, docs))
    if monitoring.dashboard is Switch.ENABLED:
        made.append(dashboard(goproxy))
    return made


def scraped(goproxy: GoProxy, served: Collection[str]) -> bool:
    """Say whether Prometheus is asked to scrape the replicas."""
    return goproxy.spec.monitoring.service_monitor is not Switch.DISABLED and "ServiceMonitor" in served


def _alerts(switch: Switch | None, watched: bool) -> bool:
    """Say whether alerts are made. By default they need a ServiceMonitor, by whose labels they select."""
    return switch is Switch.ENABLED or (switch is not Switch.DISABLED and watched)
