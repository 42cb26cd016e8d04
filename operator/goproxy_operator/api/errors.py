"""What is wrong with a document, in one line: the path of the field, and what to write instead."""


def field_path(location: tuple[int | str, ...]) -> str:
    """Write a location in a document as people do: `spec.modules.deny[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def one_line(kind: str, message: str) -> str:
    """Write pydantic's kind of error and its message for the author of the document."""
    if kind == "extra_forbidden":
        return "unknown field: remove it, or check its spelling"
    return message.removeprefix("Value error, ")
