"""JSON objects whose members have one value each: of two, another reader might take the other one. Pure."""

import json
from typing import Any, NoReturn


def read_strictly(text: str | bytes) -> Any:
    """Read JSON. A name that comes twice in one object is refused. Raises `ValueError`."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def read_object(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object, as `read_strictly` does. Raises `ValueError`."""
    found = read_strictly(text)
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in it")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
