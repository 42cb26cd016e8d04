"""`spec.autoscaling`: a range of replicas, and who tells the request rate by which the fleet is sized."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.addresses import URL_HOST_RULES
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import Rule, Ruled, Rules, matching
from modproxy.mod.url_pattern import PORT

MOST_REPLICAS = 256
"""A bound for lists with an entry for each replica. No fleet that we know of comes near it."""


class Provider(StrEnum):
    """Who tells the autoscaler the request rate."""

    AUTO = "Auto"
    BUILTIN = "Builtin"
    CUSTOM_METRICS = "CustomMetrics"
    KEDA = "KEDA"


_SERVER_ADDRESS = rf"^https?://([^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(:{PORT})?(/[^\s?#@]*)?$"
_SERVER_ADDRESS_RULES: Rules[str] = (
    matching(
        _SERVER_ADDRESS,
        "{self} is no address of Prometheus: write http://HOST:PORT, without user, password and query, such as "
        "http://prometheus.monitoring.svc:9090",
    ),
    *URL_HOST_RULES,
)
ServerAddress = Annotated[str, StringConstraints(max_length=512), Ruled(_SERVER_ADDRESS_RULES)]
"""The URL of a Prometheus, without credentials."""


class PrometheusSpec(Part):
    """A Prometheus that scrapes the replicas."""

    server_address: ServerAddress
    """Where KEDA asks it, such as http://prometheus.monitoring.svc:9090."""


_AUTOSCALING_RULES: Rules["AutoscalingSpec"] = (
    Rule(
        cel="!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",
        holds=lambda spec: spec.min_replicas is None or spec.min_replicas <= spec.max_replicas,
        message="minReplicas {minReplicas:d} is more than maxReplicas {maxReplicas:d}: write a range such as "
        "minReplicas 2, maxReplicas 10",
        field_path=".minReplicas",
    ),
    Rule(
        cel="!has(self.provider) || self.provider != 'KEDA' || has(self.prometheus)",
        holds=lambda spec: spec.provider is not Provider.KEDA or spec.prometheus is not None,
        message="provider KEDA needs to know where the request rate is: write prometheus.serverAddress, such as "
        "http://prometheus.monitoring.svc:9090",
    ),
    Rule(
        cel="!has(self.prometheus) || !has(self.provider) || self.provider in ['Auto', 'KEDA']",
        holds=lambda spec: spec.prometheus is None or spec.provider in (None, Provider.AUTO, Provider.KEDA),
        message="prometheus is read by KEDA only, and provider is {provider}: remove prometheus, or write provider "
        "KEDA or Auto",
    ),
)


class AutoscalingSpec(Part):
    """A range of replicas, instead of a fixed number, sized by request rate."""

    RULES: ClassVar = _AUTOSCALING_RULES

    min_replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)] | None = None
    """Default: 1."""
    max_replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)]
    """At most so many replicas."""
    target_requests_per_second: Annotated[int, Field(ge=1, le=1_000_000)]
    """Of one replica; probes and admin requests do not count."""
    provider: Annotated[Provider, Field(strict=False)] | None = None
    """Builtin: the operator; CustomMetrics: an adapter such as prometheus-adapter. Default: Auto, what there is."""
    prometheus: PrometheusSpec | None = None
    """What KEDA asks; Auto takes KEDA only where this is given."""
