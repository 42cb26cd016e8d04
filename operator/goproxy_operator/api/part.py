"""What all models of the object have in common."""

from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from goproxy_operator.api.rule import Rules, check, validations

T = TypeVar("T")


def _add_rules(schema: dict[str, Any], model: type["Part"]) -> None:
    schema.update(validations(model.RULES))


class Part(BaseModel):
    """The base of all models: camelCase keys, immutable values, as strict as the CRD; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,  # what `kubectl explain` tells
        json_schema_extra=_add_rules,
    )

    RULES: ClassVar[Rules[Any]] = ()
    """The rules about several fields together."""

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        check(self.RULES, self)
        return self


Items = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of the document (strictness alone would ask for a tuple)."""

ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}
SET: dict[str, Any] = {"x-kubernetes-list-type": "set"}
