"""How text from outside is written into logs and error bodies. Pure."""

_LONGEST = 500
"""Characters of a text from outside: enough for a reason, and few enough for one line."""


def escape_controls(text: str) -> str:
    """Write each character that a terminal or a log reader would obey as Python writes it, such as `\\n` and `\\u202e`.

    A text from outside could otherwise forge lines, or hide them.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def quoted(text: str, longest: int = _LONGEST) -> str:
    """Write a text from outside between quotes: its lines that are not empty joined with `; `, and not too many."""
    lines = [line.strip() for line in text[: 4 * longest].splitlines()]
    whole = "; ".join(filter(None, lines))
    return f'"{escape_controls(whole[:longest])}{"..." if len(whole) > longest else ""}"'
