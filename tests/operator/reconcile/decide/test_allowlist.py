"""Which allowlist is in force."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from goproxy_operator.reconcile.decide.allowlist import decide_allowlist
from modproxy.mod.pattern import LONGEST_TEXT, MOST_LINES, parse_lines

Object = dict[str, Any]


USER_MAP = {"data": {"modules": "github.com/acme\n# more\n"}}


CHILD = {
    "metadata": {"annotations": {"goproxy-operator.dev/allowlist-from": "shared"}},
    "data": {"allowlist": "github.com/old\n"},
}


@pytest.mark.parametrize(
    ("named", "child", "text", "reason", "message"),
    [
        (USER_MAP, CHILD, "github.com/acme\n# more\n", None, ""),
        ({"data": {"modules": ""}}, CHILD, "", None, ""),
        (None, None, "", "AllowlistMissing", "ConfigMap shared does not exist: until it is there, only modules.allow"),
        (None, CHILD, "github.com/old\n", "AllowlistMissing", "does not exist: the last known list stays in force"),
        ({"data": {"other": ""}}, CHILD, "github.com/old\n", "AllowlistMissing", "has no key 'modules'"),
        ({}, CHILD, "github.com/old\n", "AllowlistMissing", "has no key 'modules'"),
        (
            {"data": {"modules": "ok.example.com\nhttps://no.example.com\n"}},
            CHILD,
            "github.com/old\n",
            "AllowlistInvalid",
            "ConfigMap shared, key 'modules', line 2: 'https://no.example.com' is a URL",
        ),
        (
            {"data": {"modules": "ok.example.com\nrsc.io/...\n"}},
            CHILD,
            "ok.example.com\nrsc.io/...\n",
            "PatternMatchesNothing",
            "ConfigMap shared, key 'modules': 'rsc.io/...' matches no module: a pattern matches all that is below it: "
            "write rsc.io; the rest is in force",
        ),
    ],
)
def test_which_allowlist_is_in_force(
    named: Object | None, child: Object | None, text: str, reason: str | None, message: str
) -> None:
    chosen = decide_allowlist("shared", named, child)
    assert chosen.text == text
    assert (chosen.problem and chosen.problem.reason) == reason
    assert message in (chosen.problem.message if chosen.problem else "")


def test_the_list_of_another_config_map_is_no_last_known_one() -> None:
    assert decide_allowlist("another", None, CHILD).text == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a.example.com\n" * (MOST_LINES + 1), f"more than {MOST_LINES} lines"),
        ("[a-b]" * 200_000, f"more than {LONGEST_TEXT} characters"),
        ("[a-b]" * 50_000, "has 250000 characters: write a pattern of at most 256"),
    ],
    ids=["many lines", "a long text", "a long line"],
)
def test_a_list_that_takes_long_to_read_is_refused(text: str, why: str) -> None:
    problem = decide_allowlist("shared", {"data": {"modules": text}}, None).problem
    assert problem is not None
    assert why in problem.message


@pytest.mark.parametrize("text", ["no.example.com/[\n", "yes.example.com\n"])
def test_a_text_is_read_once(text: str) -> None:
    reads = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal reads
        reads += event == "call" and frame.f_code is parse_lines.__code__

    sys.setprofile(count)
    try:
        first = decide_allowlist("shared", {"data": {"modules": text}}, None)
        again = decide_allowlist("shared", {"data": {"modules": text}}, None)
    finally:
        sys.setprofile(None)
    assert (again, reads) == (first, 1)


def test_a_message_is_short_and_can_be_printed() -> None:
    hostile = {"data": {"modules": "\x1b[2J" + "x" * 900_000 + "["}}
    problem = decide_allowlist("shared", hostile, None).problem
    assert problem is not None
    assert problem.message.isprintable()
    assert problem.message.endswith("only modules.allow is allowed")
    assert len(problem.message) < 2000
