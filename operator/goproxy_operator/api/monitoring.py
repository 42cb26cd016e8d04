"""`spec.monitoring` of the object: what is made for Prometheus and Grafana, and where traces go."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES
from goproxy_operator.api.fields import Labels
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching


class Switch(StrEnum):
    """Whether a child is made: where the cluster serves its API, in any case, or never."""

    AUTO = "Auto"
    ENABLED = "Enabled"
    DISABLED = "Disabled"


Switched = Annotated[Switch, Field(strict=False)]


_COLLECTOR_URL = r"^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$"
_COLLECTOR_URL_RULES: Rules[str] = (
    Rule(
        cel="!self.matches('://[^/]*@')",
        holds=lambda text: not re.search("://[^/]*@", text),
        message="a collector is sent no credentials: remove the login from the URL",
    ),
    Rule(
        cel=f"self.contains('@') || self.matches(r'{_COLLECTOR_URL}')",
        holds=lambda text: "@" in text or re.fullmatch(_COLLECTOR_URL, text) is not None,
        message="{self} is no collector of traces: write http://HOST[:PORT] or https://HOST[:PORT], without a query, "
        "such as http://otel.monitoring:4318",
    ),
    *URL_HOST_RULES,
)
CollectorUrl = Annotated[str, StringConstraints(max_length=512), Ruled(_COLLECTOR_URL_RULES)]
"""The base of the URLs of a collector that takes OTLP over HTTP."""


class TracingSpec(Part):
    """Traces of requests, sent to a collector by OTLP over HTTP."""

    endpoint: CollectorUrl
    """http://HOST:4318, without credentials: /v1/traces is added. upstream.egressCIDRs counts, and so does
    upstream.trustedCASecretName."""
    sampling_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """The share of ordinary requests that is traced, and more of them while traffic is small, unless it is 0. Errors,
    refusals and slow requests are traced always. Default: 5."""


_PERCENT_RULES: Rules[str] = (
    matching(
        "^([1-9]|[1-9][0-9])([.][0-9]{1,3})?$|^0$",
        "{self} is no objective: write a percentage from 1 to 99.999, such as 99.9, or 0 for none",
    ),
)
Percent = Annotated[str, StringConstraints(max_length=8), Ruled(_PERCENT_RULES)]
"""A percentage as text, because an API of Kubernetes has no fractions. 0: no objective."""


class ObjectivesSpec(Part):
    """What the fleet promises over 30 days, in percent. Where rules are made, they record how far each objective is
    met, and alert when its error budget burns too fast. 0: no such objective.
    """

    availability: Percent | None = None
    """So many requests are answered with another status than 5xx. Default: 99.9."""
    hit_rate: Percent | None = None
    """So many requests need no request to an upstream, of those that are not refused. Default: 75."""
    fast_hits: Percent | None = None
    """So many hits are answered within 100 ms; zips do not count. Default: 99."""
    storage: Percent | None = None
    """So much of the time a cache is at most at cache.highWatermarkPercent. Default: 99."""


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
    objectives: ObjectivesSpec = ObjectivesSpec()
    dashboard: Switched | None = None
    """Enabled makes a ConfigMap with a dashboard of this fleet, for Grafana's sidecar, labelled grafana_dashboard. The
    operator's installation brings a dashboard of all fleets. Default: Auto, which makes none."""
    tracing: TracingSpec | None = None
