"""JSON as tokens and key sets have it: an object whose members have one value each (RFC 7515, section 5.2). Pure."""

import json
from typing import NoReturn


def read_object(text: str | bytes) -> dict[str, object]:
    """Read a JSON object. A name that comes twice in one object is refused. Raises `ValueError`."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in it")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
