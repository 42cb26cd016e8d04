"""The errors of a document, each in one line: the path of the field, and what to write instead."""

import re

from pydantic import ValidationError

_MOST = 20
"""More mistakes than people mend at a time."""
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
    lines = tuple(_line(one["type"], one["msg"], field_path((*below, *one["loc"]))) for one in found[:_MOST])
    return lines if len(found) <= _MOST else (*lines, f"and {len(found) - _MOST} more mistakes")


def _line(kind: str, message: str, path: str) -> str:
    if kind == "extra_forbidden":
        message = "unknown field: remove it, or check its spelling"
    message = message.removeprefix("Value error, ")
    return f"{path}: {message}" if path else message
