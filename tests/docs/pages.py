"""The blocks of code of a page: what they are, and what the page says of them.

A comment `<!-- test: WORDS -->`, which no reader sees, tells the tests about the next block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = ("commands.md", "troubleshooting.md")
"""Beside docs/reference."""
_COMMENT = re.compile(r"<!-- test: (.*?) -->", re.DOTALL)
_FILE = re.compile(r"`([\w./-]+)`:$")


@dataclass(frozen=True)
class Block:
    """A block of code. `language` is empty where the page names none; `file` is what the sentence before it names."""

    page: str
    line: int
    language: str
    text: str
    told: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def written_pages() -> list[Path]:
    """Return the pages that people write, with the README."""
    found = [path for path in DOCS.rglob("*.md") if path.parent.name != "reference" and path.name not in GENERATED]
    return [*sorted(found), ROOT / "README.md"]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in their order."""
    found: list[Block] = []
    told = before = ""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        if token.type == "html_block" and (comment := _COMMENT.search(token.content)):
            told = " ".join(comment[1].split())
        elif token.type == "inline":
            before = token.content
        elif token.type in ("fence", "code_block"):
            assert token.map is not None
            file = _FILE.search(before)
            name = str(page.relative_to(ROOT))
            language = token.info.split()[0] if token.info.split() else ""
            found.append(Block(name, token.map[0] + 1, language, token.content, told, file[1] if file else ""))
            told = before = ""
    return found
