"""`tracing` of the config: where traces of requests go."""

from typing import Annotated

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import HttpServerUrl


class TracingConfig(Section):
    """Configures traces (OpenTelemetry)."""

    endpoint: HttpServerUrl
    """The base of the URLs of a collector that takes OTLP over HTTP, without credentials: `/v1/traces` is added.
    The authorities of `upstream.trustedCASecretName` count for it too.
    """
    sampling_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 5.0
    """The share of ordinary requests that is traced. With little traffic more of them are, unless it is 0."""
