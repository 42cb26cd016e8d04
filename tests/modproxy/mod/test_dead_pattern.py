"""Patterns that can match no module path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modproxy.mod.dead_pattern import dead
from modproxy.mod.path import PathError, check_path
from modproxy.mod.pattern import parse_pattern

DEAD = [
    ("rsc.io/...", "write rsc.io"),
    ("...", "write *"),
    ("github.com/acme...", "write github.com/acme*"),
    ("golang.org/x/text@v0.14.0", "write golang.org/x/text"),
    ("github.com/acme/*@latest", "write github.com/acme/*"),
    ("git.example.com:8443/team", "a character that no module path has"),
    ("github.com/Zürich", "a character that no module path has"),
    ("github.com/!azure", "a character that no module path has"),
    ("GitHub.com/Azure", "write github.com/Azure"),
    ("corp/platform", "it does not begin with a host"),
    ("golang", "it does not begin with a host"),
    (".corp.example.com", "no element of a module path begins or ends with a dot"),
    ("example.com./a", "no element of a module path begins or ends with a dot"),
]
USEFUL = [  # a glob may stand for what is missing
    "github.com/acme",
    "*",
    "*/acme",
    "*.corp.example.com",
    "example.com/v[0-9]",
    "e?ample.com/A_b~c",
    "go[a-z]*",
    "a.b/",
]


@pytest.mark.parametrize(("pattern", "why"), DEAD)
def test_dead(pattern: str, why: str) -> None:
    parse_pattern(pattern)  # its syntax is good
    assert why in (dead(pattern) or "")


@pytest.mark.parametrize("pattern", USEFUL)
def test_useful(pattern: str) -> None:
    parse_pattern(pattern)
    assert dead(pattern) is None


def as_path(text: str) -> bool:
    try:
        check_path(text)
    except PathError:
        return False
    return True


LABEL = st.text("ab09", min_size=1, max_size=3)
HOST = st.lists(LABEL, min_size=2, max_size=3).map(".".join)
ELEMENT = st.tuples(LABEL, st.text("abAB09-._~", max_size=3), LABEL).map("".join)
PATHS = st.tuples(HOST, ELEMENT, ELEMENT).map("/".join).filter(as_path)


@given(PATHS, st.lists(st.tuples(st.integers(0, 12), st.sampled_from("*?")), max_size=4))
def test_what_matches_a_module_path_is_never_dead(path: str, globs: list[tuple[int, str]]) -> None:
    pattern = path
    for place, glob in globs:
        if place < len(pattern) and pattern[place] != "/":
            pattern = pattern[:place] + glob + pattern[place + 1 :]
    assert parse_pattern(pattern).matches(path)
    assert dead(pattern) is None, (path, pattern)
