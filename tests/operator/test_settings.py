"""The settings that come from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from goproxy_operator.settings import docs_argument


@pytest.mark.parametrize("text", ["docs", "https://docs.example.com/goproxy/", "x" * 256])
def test_where_the_pages_are(text: str) -> None:
    assert docs_argument(text) == text.rstrip("/")


@pytest.mark.parametrize(
    "text", ["", "/", "two words", "http://example.com/\n", "http://example.com/\u202e", "x" * 257]
)
def test_no_place_for_pages(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="write a URL or the path of a folder"):
        docs_argument(text)
