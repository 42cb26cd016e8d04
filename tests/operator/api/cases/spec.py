"""`spec`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

REFUSED: list[Case] = [
    both(
        {"className": "a b"},
        '"a b" is no name of an object: write lower-case letters, digits, dashes and dots, such as',
        "spec.className",
    ),
    schema(
        {"replicas": -1},
        server="spec.replicas in body should be greater than or equal to 0",
        models="Input should be greater than or equal to 0",
        path="spec.replicas",
    ),
    schema(
        {"access": {"anonymous": ["read"]}},
        server='unknown field "spec.access"',
        models="unknown field: remove it, or check its spelling",
        path="spec.access",
    ),
    schema(
        {"replicas": "2"},
        server="spec.replicas: Invalid value",
        models="Input should be a valid integer",
        path="spec.replicas",
    ),
    schema(
        {"access": {}},
        server='unknown field "spec.access"',
        models="unknown field: remove it, or check its spelling",
        path="spec.access",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {},
    {"replicas": 0},
]
