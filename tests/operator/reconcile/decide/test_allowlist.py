"""Which allowlist is in force."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.allowlist import decide_allowlist

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
