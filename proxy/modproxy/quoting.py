"""How text from outside is written into logs and error bodies. Pure."""


def escape_controls(text: str) -> str:
    """Write each character that a terminal or a log reader would obey as Python writes it, such as `\\n` and `\\u202e`.

    A text from outside could otherwise forge lines, or hide them.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
