"""From a model's JSON schema to a structural schema."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, Field

from goproxy_operator.api.crd.structural import SchemaError, structural_schema


class Inner(BaseModel):
    size: str = "1"


class Example(BaseModel):
    inner: Inner | None = Field(None, description="ours")
    kind: Literal["a"] = "a"
    rate: float = Field(1.0, gt=0)
    labels: dict[str, str] = {}
    inners: tuple[Inner, ...] = ()


def test_what_no_structural_schema_says_is_said_otherwise() -> None:
    properties = structural_schema(Example)["properties"]
    assert properties["inner"] == {
        "description": "ours",
        "type": "object",
        "properties": {"size": {"type": "string"}},
    }
    assert properties["kind"] == {"enum": ["a"], "type": "string"}
    assert properties["rate"] == {"minimum": 0, "exclusiveMinimum": True, "type": "number"}
    assert properties["labels"] == {"additionalProperties": {"type": "string"}, "type": "object"}
    assert properties["inners"]["items"]["type"] == "object"


def test_a_union_is_refused() -> None:
    class Union(BaseModel):
        value: int | str

    with pytest.raises(SchemaError, match="union of 2 types"):
        structural_schema(Union)
