"""Acting as somebody else: the headers are those of client-go, or it is told what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goproxy_operator.kube.access import load_access
from goproxy_operator.kube.credentials import AccessError
from goproxy_operator.kube.impersonation import impersonation
from tests.operator.kube.user_config import kubeconfig

Headers = list[tuple[str, str]]
CASES: list[tuple[dict[str, Any], Headers]] = [
    ({}, []),
    ({"as": ""}, []),
    ({"as": "jane"}, [("Impersonate-User", "jane")]),
    (
        {"as": "system:serviceaccount:a:b", "as-uid": "7", "as-groups": ["one", "two"]},
        [
            ("Impersonate-User", "system:serviceaccount:a:b"),
            ("Impersonate-Uid", "7"),
            ("Impersonate-Group", "one"),
            ("Impersonate-Group", "two"),
        ],
    ),
    (
        {"as": "jane", "as-user-extra": {"scopes": ["view", "edit"], "acme.com/a b%": ["x"]}},
        [
            ("Impersonate-User", "jane"),
            ("Impersonate-Extra-scopes", "view"),
            ("Impersonate-Extra-scopes", "edit"),
            ("Impersonate-Extra-acme.com%2Fa%20b%25", "x"),
        ],
    ),
]


@pytest.mark.parametrize(("user", "headers"), CASES, ids=str)
def test_headers(user: dict[str, Any], headers: Headers) -> None:
    assert list(impersonation(user)) == headers


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"as-groups": ["system:masters"]}, "without as: say with as which user is meant"),
        ({"as-uid": "7"}, "without as"),
        ({"as-user-extra": {"a": ["b"]}}, "without as"),
        ({"as": "jane\r\nX: y"}, "is no text of one line"),
        ({"as": "jane", "as-groups": ["a\nb"]}, "is no text of one line"),
        ({"as": "jane", "as-groups": "a"}, "as-groups has to be a list"),
        ({"as": "jane", "as-user-extra": {"a": "b"}}, "has to be a list for each key"),
        ({"as": ["jane"]}, "is no text of one line"),
    ],
)
async def test_what_is_wrong_is_told(tmp_path: Path, user: dict[str, Any], message: str) -> None:
    with pytest.raises(AccessError, match=message):
        await load_access(kubeconfig(tmp_path, {"token": "t", **user}))


async def test_every_call_carries_them_beside_who_we_are(tmp_path: Path) -> None:
    access = await load_access(kubeconfig(tmp_path, {"token": "t", "as": "jane", "as-groups": ["a", "b"]}))
    assert (await access.connection()).all_headers == [
        ("Authorization", "Bearer t"),
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
    ]
