"""The page of commands says what the program reads."""

from __future__ import annotations

from pathlib import Path

from tests.docs.command_reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_what_make_generate_writes() -> None:
    assert PAGE.read_text() == reference()


def test_every_command_has_examples_and_every_argument_a_meaning() -> None:
    text = reference()
    for part in text.split("\n## ")[1:]:
        assert part.count("\n      ") >= 1, part
        assert "| None |" not in part
