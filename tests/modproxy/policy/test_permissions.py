"""Who may do what: the matrix of principals, verbs and modules."""

from typing import Any

import pytest

from modproxy.contract.config import AccessConfig, Verb
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.policy.permissions import Permissions

ALICE = Principal("alice", frozenset({"developers"}), method=AuthMethod.BASIC)
BOB = Principal("bob", method=AuthMethod.OIDC)
BUILDER = Principal(
    "system:serviceaccount:ci:builder",
    frozenset({"system:serviceaccounts", "system:serviceaccounts:ci"}),
    method=AuthMethod.SERVICE_ACCOUNT,
)
ACCESS: dict[str, Any] = {
    "anonymous": ["read"],
    "basic": {"secretName": "htpasswd"},
    "rules": [
        {"groups": ["developers"], "modules": ["*"], "verbs": ["read", "fetch"]},
        {"users": ["bob"], "modules": ["example.com/team-b", "*.corp.example.com"], "verbs": ["fetch", "delete"]},
        {"serviceAccounts": ["ci/builder"], "modules": ["example.com"], "verbs": ["publish"]},
        {"groups": ["system:authenticated"], "modules": ["example.com/shared"], "verbs": ["fetch"]},
    ],
}
CLOSED = {**ACCESS, "anonymous": []}
M = "example.com/m"


def permissions(access: dict[str, Any] | None, **more: Any) -> Permissions:
    return Permissions(None if access is None else AccessConfig.model_validate(access), "build/team-a", **more)


@pytest.mark.parametrize(
    ("access", "principal", "path", "verbs"),
    [
        (None, ANONYMOUS, M, "read fetch"),
        (None, ALICE, M, "read fetch"),
        ({}, ANONYMOUS, M, ""),
        ({}, ALICE, M, ""),
        ({"anonymous": ["read", "fetch"]}, ANONYMOUS, M, "read fetch"),
        ({"anonymous": ["read", "fetch"]}, ALICE, M, "read fetch"),
        (ACCESS, ANONYMOUS, M, "read"),
        (ACCESS, ANONYMOUS, None, "read"),
        (CLOSED, ANONYMOUS, M, ""),
        (CLOSED, ANONYMOUS, "example.com/shared", ""),
        (CLOSED, ANONYMOUS, None, ""),
        (CLOSED, ALICE, M, "read fetch"),
        (CLOSED, ALICE, None, "read fetch"),
        (CLOSED, BOB, M, ""),
        (CLOSED, BOB, None, "fetch delete"),
        (CLOSED, BOB, "example.com/team-b", "fetch delete"),
        (CLOSED, BOB, "example.com/team-b/below", "fetch delete"),
        (CLOSED, BOB, "example.com/team-bc", ""),
        (CLOSED, BOB, "example.com/Team-b", ""),
        (CLOSED, BOB, "git.corp.example.com/x", "fetch delete"),
        (CLOSED, BOB, "corp.example.com/x", ""),
        (CLOSED, BOB, "evil.org/git.corp.example.com/x", ""),
        (CLOSED, BOB, "example.com/shared", "fetch"),
        (CLOSED, BUILDER, M, "publish"),
        (CLOSED, BUILDER, "example.com/shared", "publish fetch"),
        (CLOSED, BUILDER, "example.org/m", ""),
        # A name is compared whole, and a group is no user.
        (CLOSED, Principal("Bob", method=AuthMethod.OIDC), "example.com/team-b", ""),
        (CLOSED, Principal("developers", method=AuthMethod.OIDC), M, ""),
        (CLOSED, Principal("x", frozenset({"bob"}), method=AuthMethod.OIDC), "example.com/team-b", ""),
        (CLOSED, Principal("x", frozenset({"Developers", "developers "}), method=AuthMethod.OIDC), M, ""),
        ({**CLOSED, "rules": [{"groups": ["system:unauthenticated"], "modules": ["example.com"], "verbs": ["read"]}]},
         ANONYMOUS, M, "read"),
    ],
)  # fmt: skip
def test_rights(access: dict[str, Any] | None, principal: Principal, path: str | None, verbs: str) -> None:
    made = permissions(access)
    for _ in range(2):  # decided, remembered
        assert set(made.rights(principal, path)) == {Verb(verb) for verb in verbs.split()}
    for verb in Verb:
        assert (made.refuse(principal, verb, path) is None) is (verb.value in verbs.split())


def test_a_right_names_the_rule_that_grants_it() -> None:
    rights = permissions(ACCESS).rights(BOB, "example.com/team-b")
    assert rights == {
        Verb.READ: "access.anonymous",
        Verb.FETCH: "access.rules[1]",
        Verb.DELETE: "access.rules[1]",
    }


@pytest.mark.parametrize(
    ("access", "principal", "status", "said"),
    [
        (CLOSED, ANONYMOUS, 401, "unauthorized: GoProxy build/team-a asks for a credential to read example.com/m"),
        ({}, ANONYMOUS, 403, "forbidden: anonymous may not read example.com/m at GoProxy build/team-a"),
        (CLOSED, BOB, 403, "forbidden: bob may not read example.com/m at GoProxy build/team-a"),
        ({**CLOSED, "hide": True}, BOB, 404, "not found: example.com/m\n"),
        ({**CLOSED, "hide": True}, ANONYMOUS, 401, "unauthorized"),
        (CLOSED, Principal("b\x1bo\nb"), 403, "forbidden: b\\x1bo\\nb may"),
    ],
)
def test_refusals(access: dict[str, Any], principal: Principal, status: int, said: str) -> None:
    refusal = permissions(access, contact="#go-help").refuse(principal, Verb.READ, M)
    assert refusal is not None
    assert refusal.status == status
    assert said in refusal.text
    assert refusal.text.count("\n") <= 8
    assert refusal.enforced
    if status != 404:
        assert "#go-help" in refusal.text
        assert "rule: nothing in access lets" in refusal.text


def test_a_hidden_module_is_told_in_the_same_words_whether_there_is_one_or_none() -> None:
    made = permissions({**CLOSED, "hide": True})
    for verb in (Verb.READ, Verb.FETCH):
        refusal = made.refuse(BOB, verb, M)
        assert refusal is not None
        assert "bob" not in refusal.text and "access" not in refusal.text


def test_long_paths_are_not_remembered() -> None:
    made = permissions(CLOSED)
    for number in range(100):
        assert not made.rights(BOB, f"example.com/{'x' * 300}{number}")
    assert made._decided.cache_info().currsize == 0
