"""The errors of a document, each in one line: the path of the field, and what to write instead."""

import json
import re

from pydantic import ValidationError

_MOST = 20
"""More mistakes than people mend at a time."""
_NUMBER = 1e15
"""Larger numbers are no mistake of somebody who forgot quotes."""
_INSTEAD = {
    "tuple_type": "write a list, such as [a, b]",
    "list_type": "write a list, such as [a, b]",
    "int_type": "write a number without quotes",
    "bool_type": "write true or false without quotes",
}
"""What to write instead, where pydantic names the type alone."""
_AT_MOST = re.compile(r"at most [0-9]+")
_WORD = re.compile(r"[\w./-]+")


def field_path(location: tuple[int | str, ...]) -> str:
    """Write a location in a document as people do: `spec.modules.deny[1]`."""
    return "".join(_step(part) for part in location).removeprefix(".")


def _step(part: int | str) -> str:
    # A key may be any text. Quote one that is no word, so that the message stays one line.
    return f".{part}" if isinstance(part, str) and _WORD.fullmatch(part) else f"[{part!r}]"


def told(error: ValidationError, *below: str) -> tuple[str, ...]:
    """Write pydantic's errors, at most `_MOST`, for the author of the document, whose part `below` was read."""
    found = error.errors(include_url=False)
    lines = tuple(
        _line(one["type"], one["msg"], one["input"], field_path((*below, *one["loc"]))) for one in found[:_MOST]
    )
    return lines if len(found) <= _MOST else (*lines, f"and {len(found) - _MOST} more mistakes")


def _line(kind: str, message: str, value: object, path: str) -> str:
    if kind == "extra_forbidden":
        message = "unknown field: remove it, or check its spelling"
    elif kind == "string_type" and isinstance(value, int | float) and abs(value) < _NUMBER:
        message = f"has to be text: write it in quotes, as {json.dumps(json.dumps(value))}"
    elif kind == "too_long" and (most := _AT_MOST.search(message)):
        message = f"has too many entries: write {most[0]}"
    elif kind in _INSTEAD:
        message = f"{message}: {_INSTEAD[kind]}"
    message = message.removeprefix("Value error, ")
    return f"{path}: {message}" if path else message
