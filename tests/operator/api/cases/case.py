"""A case of the one table by which both sides of every rule are tested: the models here, the API server in live/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """A spec and what is said of it. A side for which there is nothing to say accepts the spec."""

    spec: dict[str, Any]
    server: str | None
    models: str | None
    path: str = ""
    """Of the field that the models name."""

    @property
    def id(self) -> str:
        return f"{self.path} {self.models or self.server}"[:70]


def both(spec: dict[str, Any], message: str, path: str = "") -> Case:
    """Both sides say the same: it comes from one rule."""
    return Case(spec, message, message, path)


def schema(spec: dict[str, Any], *, server: str, models: str, path: str = "") -> Case:
    """The schema alone refuses it, for which each side has words of its own."""
    return Case(spec, server, models, path)


def models_only(spec: dict[str, Any], message: str, path: str = "") -> Case:
    """The API server accepts it: CEL cannot tell, or cannot afford to."""
    return Case(spec, None, message, path)
