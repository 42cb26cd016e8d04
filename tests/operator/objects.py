"""GoProxy objects, for tests."""

from __future__ import annotations

from typing import Any

from goproxy_operator.api.goproxy import API_VERSION, KIND, GoProxy, parse_goproxy

UID = "8a0a1bfa-4e0f-4f7c-9a5e-0d1f6c3b2a10"


def document(name: str = "team-a", /, **spec: Any) -> dict[str, Any]:
    """The object as a user writes it."""
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def goproxy(name: str = "team-a", /, **spec: Any) -> GoProxy:
    """The object as the API server gives it."""
    made = document(name, **spec)
    made["metadata"] |= {"namespace": "build", "uid": UID, "generation": 3}
    return parse_goproxy(made)
