"""`spec.pod.resources`: what a replica's container asks for, and may use at most."""

import re
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from goproxy_operator.api.fields import HUGE
from goproxy_operator.api.part import Part
from goproxy_operator.api.rule import MessageValue, ModelRule, Rule, Ruled, Rules
from goproxy_operator.quantity import QuantityError, parse_quantity


def _whole_number(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_BYTES = "^[0-9.]+[kKMGTPE]i?B$"
"""A size as people write it, and Kubernetes does not."""


def _with_a_known_unit(text: str) -> str:
    return re.sub("i?B$", "i", text).replace("k", "K")


# The field takes a number as well as a string: to CEL it has either type.
_QUANTITY_RULES: Rules[str] = (
    Rule(
        cel=f"type(self) == int || !self.matches('{_BYTES}')",
        holds=lambda text: re.fullmatch(_BYTES, text) is None,
        message="{self} has a unit that Kubernetes does not know: write {known}",
        values={
            "known": MessageValue(
                "string(self).replace('iB', 'i').replace('B', 'i').replace('k', 'K')", _with_a_known_unit
            )
        },
    ),
    ModelRule(parse_quantity, because="what has a wrong unit is told with the right one; CEL need not read the rest"),
)
Quantity = Annotated[
    str,
    BeforeValidator(_whole_number),
    Ruled(_QUANTITY_RULES),
    Field(json_schema_extra={"x-kubernetes-int-or-string": True, "type": None}, max_length=32),
]
"""Any quantity as containers have them: `500m`, `1Gi`, `2`."""
Quantities = Annotated[dict[str, Quantity], Field(max_length=16)]


def _within(spec: "ResourcesSpec") -> bool:
    limits = spec.limits or {}
    try:
        return all(
            parse_quantity(asked) <= parse_quantity(limits[name])
            for name, asked in (spec.requests or {}).items()
            if name in limits
        )
    except QuantityError:
        return True  # the quantity itself is refused


def _in_bytes(spec: "ResourcesSpec") -> bool:
    return not any((told or {}).get("memory", "").endswith("m") for told in (spec.requests, spec.limits))


def _comparable(name: str) -> str:
    """Write CEL that holds where quantities of `name` may be compared. Two numbers are the cases of few objects."""
    value = f"self.{name}[k]"
    return f"type({value}) == string && !{value}.matches('{HUGE}') && isQuantity({value})"


_RESOURCES_RULES: Rules["ResourcesSpec"] = (
    Rule(
        cel=" && ".join(
            f"(!has(self.{name}) || !('memory' in self.{name}) || type(self.{name}['memory']) == int"
            f" || !self.{name}['memory'].endsWith('m'))"
            for name in ("requests", "limits")
        ),
        holds=_in_bytes,
        message="memory is a number of bytes, and m stands for a thousandth of one: write for example 512Mi",
    ),
    Rule(
        cel="!has(self.requests) || !has(self.limits) || self.requests.all(k, !(k in self.limits)"
        f" || !({_comparable('requests')} && {_comparable('limits')})"
        " || quantity(self.requests[k]).compareTo(quantity(self.limits[k])) <= 0)",
        holds=_within,
        message="a limit is less than its request: write limits of at least the requests, such as requests.memory 256Mi"
        " and limits.memory 1Gi",
    ),
)


class ResourcesSpec(Part):
    """What a replica's container asks for, and may use at most."""

    RULES: ClassVar = _RESOURCES_RULES

    requests: Quantities | None = None
    """What a node has to have left for a replica, such as cpu: 500m, memory: 1Gi."""
    limits: Quantities | None = None
    """What a replica may use at most. One that uses more memory is ended: OOMKilled."""
