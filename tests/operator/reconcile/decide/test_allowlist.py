"""Which allowlist is in force."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.allowlist import MOST_LINES, decide_allowlist

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
    ],
)
def test_which_allowlist_is_in_force(
    named: Object | None, child: Object | None, text: str, reason: str | None, message: str
) -> None:
    allowlist = decide_allowlist("shared", named, child)
    assert allowlist.text == text
    assert (allowlist.problem and allowlist.problem.reason) == reason
    assert message in (allowlist.problem.message if allowlist.problem else "")


def test_the_list_of_another_config_map_is_no_last_known_one() -> None:
    assert decide_allowlist("another", None, CHILD).text == ""


@pytest.mark.parametrize("separator", ["\n", "\r", "\u2028", "\n\n"], ids=ascii)
def test_a_list_that_takes_long_to_read_is_refused(separator: str) -> None:
    most = {"data": {"modules": separator.join(["a.example.com"] * MOST_LINES)}}
    assert (decide_allowlist("shared", most, None).problem is None) == (separator != "\n\n")
    long = {"data": {"modules": separator.join(["a.example.com"] * (MOST_LINES + 1))}}
    problem = decide_allowlist("shared", long, None).problem
    assert problem is not None
    assert f"more than {MOST_LINES} lines" in problem.message


def test_a_message_is_short_and_can_be_printed() -> None:
    hostile = {"data": {"modules": "\x1b[2J" + "x" * 900_000 + "["}}
    problem = decide_allowlist("shared", hostile, None).problem
    assert problem is not None
    assert problem.message.isprintable()
    assert problem.message.endswith("only modules.allow is allowed")
    assert len(problem.message) < 2000
