"""The errors of a document, each in one line: the path of the field, and what to write instead."""

import re

from pydantic import ValidationError

_WORD = re.compile(r"[\w./-]+")


def field_path(location: tuple[int | str, ...]) -> str:
    """Write a location in a document as people do: `spec.modules.deny[1]`."""
    return "".join(_step(part) for part in location).removeprefix(".")


def _step(part: int | str) -> str:
    # A key may be any text. Quote one that is no word, so that the message stays one line.
    return f".{part}" if isinstance(part, str) and _WORD.fullmatch(part) else f"[{part!r}]"


def first_error(error: ValidationError, *below: str) -> str:
    """Write the first of pydantic's errors for the author of the document, whose part `below` was read."""
    first = error.errors(include_url=False)[0]
    path = field_path((*below, *first["loc"]))
    if first["type"] == "extra_forbidden":
        message = "unknown field: remove it, or check its spelling"
    else:
        message = first["msg"].removeprefix("Value error, ")
    return f"{path}: {message}" if path else message
