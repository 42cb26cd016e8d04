"""`spec.pod.tolerations`: taints of nodes that replicas put up with.

Fields and rules are those of core/v1 Toleration.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from goproxy_operator.api.fields import LabelKey, LabelValue
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import Rule, Rules


class TolerationOperator(StrEnum):
    """How a taint's value is compared."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does to pods that do not tolerate it."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


_EXISTS = "(has(self.operator) && self.operator == 'Exists')"
_RULES: Rules["Toleration"] = (
    Rule(
        cel=f"has(self.key) || {_EXISTS}",
        holds=lambda spec: spec.key is not None or spec.operator is TolerationOperator.EXISTS,
        message="a toleration without key is for every taint: write operator: Exists too, or name the taint's key",
    ),
    Rule(
        cel=f"!{_EXISTS} || !has(self.value) || self.value == ''",
        holds=lambda spec: spec.operator is not TolerationOperator.EXISTS or not spec.value,
        message="operator Exists takes no value: remove value, or write operator: Equal",
    ),
    Rule(
        cel="!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        holds=lambda spec: spec.toleration_seconds is None or spec.effect is TaintEffect.NO_EXECUTE,
        message="tolerationSeconds counts with effect: NoExecute only: write that too, or remove tolerationSeconds",
    ),
)


class Toleration(Part):
    """A taint that replicas put up with; the fields are those of Kubernetes."""

    RULES: ClassVar = _RULES

    key: LabelKey | None = None
    """The taint's key. Without it, and with operator Exists: every taint."""
    operator: Annotated[TolerationOperator, Field(strict=False)] | None = None
    """Exists, for any value, or Equal. Default: Equal."""
    value: LabelValue | None = None
    """The taint's value, with operator Equal."""
    effect: Annotated[TaintEffect, Field(strict=False)] | None = None
    """The taint's effect. Default: every effect."""
    toleration_seconds: int | None = None
    """How long a replica stays on a node that gets the taint. Default: for ever."""
