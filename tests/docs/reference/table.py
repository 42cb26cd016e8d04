"""Tables of Markdown, and texts of programs as cells of them."""

import re
from collections.abc import Iterable, Sequence


def prose(text: str) -> str:
    """Return a text of a program as one line of Markdown, in which no character but backticks has a meaning."""
    parts = re.split(r"(``.+?``|`[^`]+`)", " ".join(text.split()))
    return "".join(part if number % 2 else _plain(part) for number, part in enumerate(parts)).replace("|", r"\|")


def _plain(text: str) -> str:
    return re.sub(r"(__|[\\*<>\[\]]|(?<!\w)_|_(?!\w))", r"\\\1", text)


def code(text: str) -> str:
    """Return a text as code, in a cell of a table."""
    mark = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{mark}{space}{text}{space}{mark}".replace("|", r"\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines) + "\n"
