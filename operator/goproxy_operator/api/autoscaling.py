"""`spec.autoscaling`: a range of replicas, and who tells the request rate by which the fleet is sized."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from goproxy_operator.api import cel_autoscaling
from goproxy_operator.api.part import Part

MOST_REPLICAS = 256
"""A bound for lists with an entry a replica; far beyond any fleet we know of."""


class Provider(StrEnum):
    """Who tells the autoscaler the request rate."""

    AUTO = "Auto"
    BUILTIN = "Builtin"
    CUSTOM_METRICS = "CustomMetrics"
    KEDA = "KEDA"


def _check_server_address(text: str) -> str:
    if not re.fullmatch(cel_autoscaling.SERVER_ADDRESS_PATTERN, text):
        raise ValueError(
            f"{text!r} is no address of Prometheus: write http://HOST:PORT, without user, password and query, such as "
            "http://prometheus.monitoring.svc:9090"
        )
    return text


class Prometheus(Part):
    """A Prometheus that scrapes the replicas."""

    server_address: Annotated[
        str,
        StringConstraints(max_length=512),
        AfterValidator(_check_server_address),
        Field(json_schema_extra=cel_autoscaling.SERVER_ADDRESS),
    ]
    """Where KEDA asks it, such as http://prometheus.monitoring.svc:9090."""


class Autoscaling(Part):
    """A range of replicas, instead of a fixed number, sized by request rate."""

    model_config = ConfigDict(json_schema_extra=cel_autoscaling.AUTOSCALING)

    min_replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)] | None = None
    """Default: 1."""
    max_replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)]
    """At most so many replicas."""
    target_requests_per_second: Annotated[int, Field(ge=1, le=1_000_000)]
    """Of one replica; probes and admin requests do not count."""
    provider: Annotated[Provider, Field(strict=False)] | None = None
    """Builtin: the operator; CustomMetrics: an adapter such as prometheus-adapter. Default: Auto, what there is."""
    prometheus: Prometheus | None = None
    """What KEDA asks; Auto takes KEDA only where this is given."""

    @model_validator(mode="after")
    def _ordered(self) -> "Autoscaling":
        if self.min_replicas is not None and self.min_replicas > self.max_replicas:
            raise ValueError(
                f"minReplicas {self.min_replicas} is more than maxReplicas {self.max_replicas}: "
                "write a range such as minReplicas 2, maxReplicas 10"
            )
        return self

    @model_validator(mode="after")
    def _keda_knows_prometheus(self) -> "Autoscaling":
        if self.provider is Provider.KEDA and self.prometheus is None:
            raise ValueError(
                "provider KEDA needs to know where the request rate is: write prometheus.serverAddress, such as "
                "http://prometheus.monitoring.svc:9090"
            )
        if self.prometheus is not None and self.provider in (Provider.BUILTIN, Provider.CUSTOM_METRICS):
            raise ValueError(
                f"prometheus is read by KEDA only, and provider is {self.provider}: remove prometheus, or write "
                "provider KEDA or Auto"
            )
        return self
