"""`tracing` of the config: where a replica's traces go."""

from goproxy_operator.api.monitoring import TracingSpec
from goproxy_operator.desired.config.defaults import without_none
from modproxy.contract.config import TracingConfig


def tracing_config(spec: TracingSpec | None) -> TracingConfig | None:
    """Return the section; None where nothing is traced."""
    if spec is None:
        return None
    return TracingConfig.model_validate(
        without_none({"endpoint": spec.endpoint, "samplingPercent": spec.sampling_percent})
    )
