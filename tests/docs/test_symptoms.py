"""The page by symptoms quotes what the programs say, and each error of go that people search for has a part."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, ROOT

PAGE = (DOCS / "symptoms.md").read_text()
SOURCES = "\n".join(path.read_text() for path in (ROOT / "proxy" / "modproxy").rglob("*.py"))
SAID = (
    "asks for a credential",
    "does not take this credential",
    "may not be served by",
    "modules.allow has no pattern that matches it",
    "modules.minimumAge is ",
    "nothing in access lets ",
    "the fleet's own cannot allow it",
    "does not know it",
    "If it exists, the fleet needs credentials for it",
    "The host refuses the fleet's access",
    "upstream trouble",
)
GO = (
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found and 410 Gone",
    "429 Too Many Requests",
    "502 Bad Gateway, 503, 504",
    "508 Loop Detected",
    "checksum mismatch",
    "dial tcp: i/o timeout",
    "invalid version: unknown revision",
    "refusing to pass credentials to insecure URL",
    "unrecognized import path",
    "x509: certificate signed by unknown authority",
)


@pytest.mark.parametrize("words", SAID)
def test_words_of_the_page_are_those_of_the_fleet(words: str) -> None:
    assert words in PAGE
    assert words in SOURCES


@pytest.mark.parametrize("words", GO)
def test_an_error_of_go_has_a_part(words: str) -> None:
    assert re.search(rf"^## .*{re.escape(words)}", PAGE, re.MULTILINE)
