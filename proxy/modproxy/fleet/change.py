"""What replicas tell each other of a module that has news. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from modproxy.mod.path import ModulePath, check_path, file_element_fault
from modproxy.mod.strict_json import read_object
from modproxy.mod.version import check_version

CHANGE_PATH = "/-/change"
"""Where a replica is told of a change."""
MOST_CHANGE_BYTES = 64 << 10
MOST_NAMES = 256
"""Versions or queries of one change: more of them are told in several."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Change:
    """Says what has changed of a module: at least its list and its `@latest`."""

    path: ModulePath
    removed: tuple[str, ...] = ()
    """Canonical versions that are served no more."""
    queries: tuple[str, ...] = ()
    """Names of branches and tags that may mean another version now."""


class ChangeError(ValueError):
    """The text tells of no change; the message says what is wrong."""


def write_change(change: Change) -> bytes:
    """Write a change, as `read_change` reads it."""
    return json.dumps({"path": change.path, "removed": change.removed, "queries": change.queries}).encode()


def read_change(body: bytes) -> Change:
    """Read what a replica tells. Unknown keys are ignored: a newer replica may say more. Raises `ChangeError`."""
    if len(body) > MOST_CHANGE_BYTES:
        raise ChangeError("it is too long")
    try:
        found = read_object(body)
        path = check_path(_text(found.get("path")))
        removed = tuple(check_version(path, one) for one in _names(found, "removed"))
    except ValueError as e:
        raise ChangeError(str(e)) from None
    queries = _names(found, "queries")
    if any(file_element_fault(one) for one in queries):
        raise ChangeError("it names a query that no path can have")
    return Change(path, removed, queries)


def _names(found: dict[str, Any], key: str) -> tuple[str, ...]:
    names = found.get(key, [])
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise ChangeError(f"{key} is no list, or has more than {MOST_NAMES} entries")
    return tuple(map(_text, names))


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > 10 * _LONGEST_NAME:
        raise ChangeError("it has something else than names")
    return value
