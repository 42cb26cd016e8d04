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
        {"replicas": "2"},
        server="spec.replicas: Invalid value",
        models="Input should be a valid integer",
        path="spec.replicas",
    ),
    schema(
        {"synch": {}},
        server='unknown field "spec.synch"',
        models="unknown field: remove it, or check its spelling",
        path="spec.synch",
    ),
    *(
        both(
            {"image": image},
            "is no image: write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:DIGEST",
            "spec.image",
        )
        for image in (
            "my image",
            "https://registry.example.com/modproxy:1",
            "registry.example.com/ModProxy:1",
            "a:b:c",
            "modproxy@sha256:short",
            "modproxy:",
            "-",
        )
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"image": ""},
    {"image": "registry.example.com:5000/platform/mod_proxy--2:v0.1.0_rc.1"},
    {"image": f"localhost/modproxy:1@sha256:{'0' * 64}"},
    {},
    {"replicas": 0},
]
