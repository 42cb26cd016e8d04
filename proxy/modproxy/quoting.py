"""How text from outside is written into logs and error bodies. Pure."""

import re

_LOGIN = re.compile(r"://[^/@\s]*@")
_QUERY = re.compile(r"""(://[^\s?#"'<>]*)\?[^\s"'<>]*""")
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
    """Write a text from outside between quotes: its lines that are not empty joined with `; `, and not too many.

    A server may repeat a URL that it was asked: logins and queries, which may be signatures, are left out of URLs.
    """
    shown = _QUERY.sub(r"\1?...", _LOGIN.sub("://***@", text[: 4 * longest]))
    lines = [line.strip() for line in shown.splitlines()]
    whole = "; ".join(filter(None, lines))
    return f'"{escape_controls(whole[:longest])}{"..." if len(whole) > longest else ""}"'
