"""From a model's JSON schema to the structural schema that a CRD takes.

Source of the rules: "Specifying a structural schema" of the Kubernetes documentation, and what the API server refuses.
"""

from typing import Any

from pydantic import BaseModel

_DROPPED = frozenset({"$defs", "title", "default", "examples", "discriminator"})
_NAMED = frozenset({"properties", "patternProperties"})
_INT_OR_STRING = "x-kubernetes-int-or-string"


class SchemaError(ValueError):
    """No structural schema can express what a model says; the message names it."""


def structural_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model as a CRD's `openAPIV3Schema` takes it."""
    schema = model.model_json_schema(by_alias=True)
    converted: dict[str, Any] = _convert(schema, schema.get("$defs", {}))
    return converted


def _convert(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_convert(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        referred = definitions[node["$ref"].rpartition("/")[2]]
        node = referred | {key: value for key, value in node.items() if key != "$ref"}
        return _convert(node, definitions)
    if "anyOf" in node:
        return _convert(_optional(node), definitions)
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key in _NAMED:
            out[key] = {name: _convert(schema, definitions) for name, schema in value.items()}
        elif key == "const":
            out["enum"] = [value]
        elif key in ("exclusiveMinimum", "exclusiveMaximum"):
            out |= {key.replace("exclusiveM", "m"): value, key: True}
        elif key == "additionalProperties":
            # A boolean says whether unknown fields are refused. The CRD refuses or prunes them anyway.
            out |= {key: _convert(value, definitions)} if isinstance(value, dict) else {}
        elif key not in _DROPPED:
            out[key] = _convert(value, definitions)
    if out.get(_INT_OR_STRING):
        del out["type"]
    return out


def _optional(node: dict[str, Any]) -> dict[str, Any]:
    """Turn "X or null" into X: in Kubernetes an optional field is absent."""
    options = [option for option in node["anyOf"] if option != {"type": "null"}]
    if len(options) != 1:
        raise SchemaError(f"a union of {len(options)} types is not structural: {node['anyOf']}")
    merged: dict[str, Any] = options[0] | {key: value for key, value in node.items() if key != "anyOf"}
    return merged
