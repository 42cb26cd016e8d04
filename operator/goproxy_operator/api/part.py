"""What all models of the object have in common."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

T = TypeVar("T")


class Part(BaseModel):
    """A part of the object: camelCase keys, immutable, strict as the CRD's schema; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,  # what `kubectl explain` tells
    )


Items = Annotated[tuple[T, ...], Field(strict=False)]
"""A list of the document (strictness alone would ask for a tuple)."""

ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}
SET: dict[str, Any] = {"x-kubernetes-list-type": "set"}
