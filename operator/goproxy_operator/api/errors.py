"""What is wrong with a document, in one line: the path of the field, and what to write instead."""

import re

_WORD = re.compile(r"[\w./-]+")


def field_path(location: tuple[int | str, ...]) -> str:
    """Write a location in a document as people do: `spec.modules.deny[1]`."""
    return "".join(_step(part) for part in location).removeprefix(".")


def _step(part: int | str) -> str:
    # A key may be anything: one that is no word is quoted, so that a line stays a line.
    return f".{part}" if isinstance(part, str) and _WORD.fullmatch(part) else f"[{part!r}]"


def one_line(kind: str, message: str) -> str:
    """Write pydantic's kind of error and its message for the author of the document."""
    if kind == "extra_forbidden":
        return "unknown field: remove it, or check its spelling"
    return message.removeprefix("Value error, ")
