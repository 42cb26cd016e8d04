"""Classes as they are read: what is wrong with one, and whom it admits."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.goproxyclass import parse_class
from tests.operator.api.cases.case import Case
from tests.operator.api.cases.goproxyclass import REFUSED

BUILD = {"kubernetes.io/metadata.name": "build", "tier": "build"}


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_is_wrong_is_kept_with_the_class(case: Case) -> None:
    problem = parse_class({"metadata": {"name": "standard"}, "spec": case.spec}).problem
    assert problem.startswith(f"{case.path}: ")
    assert case.models is not None
    assert case.models in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("selector", "admits"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"tier": "build"}}, True),
        ({"matchLabels": {"tier": "build", "more": ""}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "build"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["build"]}]}, False),
        ({"matchExpressions": [{"key": "absent", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "absent", "operator": "In", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        (
            {"matchLabels": {"tier": "build"}, "matchExpressions": [{"key": "absent", "operator": "Exists"}]},
            False,
        ),
    ],
)
def test_selectors(selector: dict[str, Any] | None, admits: bool) -> None:
    spec: dict[str, Any] = {} if selector is None else {"namespaceSelector": selector}
    assert parse_class({"metadata": {"name": "standard"}, "spec": spec}).admits(BUILD) is admits
