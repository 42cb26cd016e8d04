"""`spec.monitoring` of the object: what is made for Prometheus and Grafana."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from goproxy_operator.api.fields import Labels
from goproxy_operator.api.part import Part


class Switch(StrEnum):
    """Whether a child is made: where the cluster serves its API, in any case, or never."""

    AUTO = "Auto"
    ENABLED = "Enabled"
    DISABLED = "Disabled"


Switched = Annotated[Switch, Field(strict=False)]


class MonitoringSpec(Part):
    """Children for the Prometheus operator and Grafana. Auto: where monitoring.coreos.com/v1 is served, and rules only
    beside a ServiceMonitor, by whose labels they select.
    """

    service_monitor: Switched | None = None
    """A ServiceMonitor for the replicas' metrics. Default: Auto."""
    labels: Labels | None = None
    """On ServiceMonitor and PrometheusRule: what your Prometheus selects them by, such as release: stack."""
    rules: Switched | None = None
    """A PrometheusRule with alerts. Default: Auto."""
    dashboard: Switched | None = None
    """Enabled makes a ConfigMap with a dashboard of this fleet, for Grafana's sidecar, labelled grafana_dashboard. The
    operator's installation brings a dashboard of all fleets. Default: Auto, which makes none."""
