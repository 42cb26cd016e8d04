"""`spec` of the object. Every field is optional; `spec: {}` is a good fleet."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.autoscaling import MOST_REPLICAS, AutoscalingSpec
from goproxy_operator.api.cache import CacheSpec
from goproxy_operator.api.expose import ExposeSpec
from goproxy_operator.api.fields import Name
from goproxy_operator.api.modules import ModulesSpec
from goproxy_operator.api.monitoring import MonitoringSpec
from goproxy_operator.api.part import Part
from goproxy_operator.api.pod import PodSpec
from goproxy_operator.api.rule import NO_OLD_OBJECT, Rule, Rules, ServerRule
from goproxy_operator.api.upstream import UpstreamSpec

_SPEC_RULES: Rules["GoProxySpec"] = (
    Rule(
        cel="!(has(self.replicas) && has(self.autoscaling))",
        holds=lambda spec: spec.replicas is None or spec.autoscaling is None,
        message="write either replicas, for a fixed number, or autoscaling, for a range; not both",
    ),
    ServerRule(
        cel="(has(self.cache) && has(self.cache.storage)) || !has(oldSelf.cache) || !has(oldSelf.cache.storage)",
        message="cache.storage may not be removed once it is set: keep it as it was",
        because=NO_OLD_OBJECT,
    ),
)


class GoProxySpec(Part):
    """All that a user may ask for."""

    RULES: ClassVar = _SPEC_RULES

    class_name: Name | None = None
    """The GoProxyClass that sets defaults and limits. Default: the one marked default, where there is one."""
    replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] | None = None
    """No default in the CRD: without `autoscaling` too, the operator runs its own default."""
    autoscaling: AutoscalingSpec | None = None
    upstream: UpstreamSpec = UpstreamSpec()
    modules: ModulesSpec = ModulesSpec()
    cache: CacheSpec = CacheSpec()
    expose: ExposeSpec = ExposeSpec()
    monitoring: MonitoringSpec = MonitoringSpec()
    image: Annotated[str, StringConstraints(max_length=512)] | None = None
    """Default: the operator's own version."""
    pod: PodSpec = PodSpec()
    suspend: bool | None = None
    """True: nothing is changed until it is false again, but what the fleet's class imposes. Default: false."""
