"""The children by which a fleet is watched: made where somebody is there to read them, unless the object says more."""

from collections.abc import Collection

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.monitoring import Switch
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.dashboard import dashboard
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from goproxy_operator.desired.monitoring.service_monitor import service_monitor


def monitoring_children(goproxy: GoProxy, served: Collection[str]) -> list[Manifest]:
    """Return them; of APIs that are not `served`, by their kinds, none."""
    asked, watched = goproxy.spec.monitoring, scraped(goproxy, served)
    made = []
    if watched:
        made.append(service_monitor(goproxy))
    if "PrometheusRule" in served and _made(asked.rules, watched):
        made.append(prometheus_rule(goproxy))
    # A ConfigMap: it needs no API.
    if _made(asked.dashboard, watched):
        made.append(dashboard(goproxy))
    return made


def scraped(goproxy: GoProxy, served: Collection[str]) -> bool:
    """Say whether Prometheus is asked to scrape the replicas."""
    return goproxy.spec.monitoring.service_monitor is not Switch.DISABLED and "ServiceMonitor" in served


def _made(switch: Switch | None, watched: bool) -> bool:
    """Alerts and dashboard select by the labels that a ServiceMonitor gives: without it they would see nothing."""
    return switch is Switch.ENABLED or (switch is not Switch.DISABLED and watched)
