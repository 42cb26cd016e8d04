"""Takes values out of objects that others wrote, which may hold anything. Pure."""

from collections.abc import Mapping
from typing import Any

from goproxy_operator.output import span
from goproxy_operator.timestamps import moment_of


def at(document: object, *path: str) -> Any:
    """Return what stands at a path of keys; None where there is nothing."""
    for key in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(key)
    return document


def text_at(document: object, *path: str) -> str:
    """Return the text at a path; empty where there is none."""
    found = at(document, *path)
    return found if isinstance(found, str) else ""


def number_at(document: object, *path: str) -> int | None:
    """Return the whole number at a path; None where there is none."""
    found = at(document, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def items_at(document: object, *path: str) -> list[dict[str, Any]]:
    """Return the objects of the list at a path."""
    found = at(document, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def conditions(item: object) -> list[dict[str, Any]]:
    """Return the conditions of an object that have a type."""
    return [one for one in items_at(item, "status", "conditions") if text_at(one, "type")]


def condition(item: object, kind: str) -> dict[str, Any]:
    """Return a condition; an empty one where it is not there."""
    return next((one for one in conditions(item) if one["type"] == kind), {})


def seconds_of(text: object) -> float | None:
    """Return a time of Kubernetes in seconds since the epoch; None where the text is none."""
    moment = moment_of(text) if isinstance(text, str) else None
    return None if moment is None else moment.timestamp()


def ago(text: object, now: float) -> str:
    """Return how long ago a time was; empty where it is not known."""
    then = seconds_of(text)
    return "" if then is None else span(now - then)
