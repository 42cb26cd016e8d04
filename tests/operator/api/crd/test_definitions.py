"""The CRD: as the models say, and as the file in the tree says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.api.crd.definitions import DEFINITIONS, render

CRDS = Path(__file__).parents[4] / "crds"
EACH = pytest.mark.parametrize("name", DEFINITIONS)


@EACH
def test_the_file_is_what_the_models_say(name: str) -> None:
    file = CRDS / f"{name}.yaml"
    assert file.read_text() == render(DEFINITIONS[name]()), "the CRD is stale: run `make generate`"


@EACH
def test_it_fits_into_the_annotation_of_a_client_side_apply(name: str) -> None:
    assert len(render(DEFINITIONS[name]())) < 256 * 1024


def _strings_and_lists(schema: dict[str, object], path: str) -> list[str]:
    """The paths of strings and lists without a bound: rules on them cost the API server without a bound too."""
    unbounded: list[str] = []
    if schema.get("type") == "string" and not ({"maxLength", "enum"} & schema.keys()):
        unbounded.append(path)
    if schema.get("type") == "array" and not ({"maxItems", "x-kubernetes-list-type"} <= schema.keys()):
        unbounded.append(path)
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    for name, inner in properties.items():
        unbounded += _strings_and_lists(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            unbounded += _strings_and_lists(inner, f"{path}[]")
    return unbounded


def _properties(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = DEFINITIONS[name]()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return properties


@EACH
def test_every_string_and_list_has_a_bound_and_every_list_a_type(name: str) -> None:
    for part in ("spec", "status"):
        assert _strings_and_lists(_properties(name).get(part, {}), part) == []


def _defaults(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for inner in schema for found in _defaults(inner)]
    if not isinstance(schema, dict):
        return []
    # A property may be called so; then its value is a schema.
    here = [schema["default"]] if "default" in schema and "type" not in (schema["default"] or ()) else []
    return here + [found for inner in schema.values() for found in _defaults(inner)]


@EACH
def test_nothing_of_a_spec_has_a_default(name: str) -> None:
    assert _defaults(_properties(name)["spec"]) == []


def test_a_new_object_is_not_taken_for_one_that_is_done() -> None:
    assert _defaults(_properties("goproxies")["status"]) == [{"observedGeneration": -1}]


def test_a_class_has_all_fields_of_a_fleet_as_defaults_but_the_class() -> None:
    own, defaults = _properties("goproxies")["spec"], _properties("goproxyclasses")["spec"]["properties"]["defaults"]
    assert defaults["properties"].keys() == own["properties"].keys() - {"className"}


def test_a_class_may_change_its_defaults_as_it_likes() -> None:
    assert "oldSelf" in json.dumps(_properties("goproxies"))
    assert "oldSelf" not in json.dumps(_properties("goproxyclasses"))


def _without_words(schema: dict[str, Any], path: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("description"):
            yield f"{path}.{name}"
        yield from _without_words(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            yield from _without_words(inner, f"{path}[]")


@EACH
def test_kubectl_explain_has_words_for_every_field(name: str) -> None:
    properties = _properties(name)
    for part in ("spec", "status"):
        assert properties.get(part, {}).get("description", "-")
        assert list(_without_words(properties.get(part, {}), part)) == []
