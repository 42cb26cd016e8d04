"""How text from outside is shown in messages and logs: as one bounded line without control characters. Pure."""

_LONGEST = 500
"""Characters of a foreign text: enough for a reason, and few enough for one line of a log."""


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Return a foreign text between quotes. Lines that are not empty are joined with `; `."""
    lines = [line.strip() for line in text[: 4 * longest].splitlines()]
    return f'"{_bounded("; ".join(filter(None, lines)), longest)}"'


def one_line(text: str, longest: int = 4 * _LONGEST) -> str:
    """Return a text of ours, which may have quoted text in it, as one line for a log."""
    return _bounded(" / ".join(line.strip() for line in text[: 4 * longest].split("\n")), longest)


def _bounded(text: str, longest: int) -> str:
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:longest])
    return shown if len(text) <= longest else f"{shown}..."
