"""Claims of OIDC tokens and of service accounts, and the headers of a trusted proxy -> principals."""

from typing import Any

import pytest
from multidict import CIMultiDict

from modproxy.contract.config.access import OidcConfig, TrustedProxyConfig
from modproxy.identity.claims import principal_of
from modproxy.identity.presented import BadCredential, Presented
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.identity.service_account import service_account_of
from modproxy.identity.trusted_proxy import named_by_proxy


def config(**fields: str) -> OidcConfig:
    return OidcConfig.model_validate({"issuer": "https://sso.example.com", "audience": "goproxy", **fields})


@pytest.mark.parametrize(
    ("claims", "settings", "expected"),
    [
        ({"sub": "alice"}, {}, ("alice", [], ())),
        ({"sub": "x", "upn": "alice@example.com"}, {"usernameClaim": "upn"}, ("alice@example.com", [], ())),
        ({"sub": "alice"}, {"usernamePrefix": "sso:"}, ("sso:alice", [], ())),
        ({"sub": "system:admin"}, {"usernamePrefix": "sso:"}, ("sso:system:admin", [], ())),
        ({"sub": "a", "groups": ["x", "y"]}, {}, ("a", [], ())),
        ({"sub": "a", "groups": ["x", "y", "x"]}, {"groupsClaim": "groups"}, ("a", ["x", "y"], ())),
        ({"sub": "a", "groups": "x"}, {"groupsClaim": "groups"}, ("a", ["x"], ())),
        ({"sub": "a"}, {"groupsClaim": "groups"}, ("a", [], ())),
        ({"sub": "a", "g": ["x"]}, {"groupsClaim": "g", "groupsPrefix": "sso/"}, ("a", ["sso/x"], ())),
        ({"sub": "a", "scope": "read  write read"}, {}, ("a", [], ("read", "write"))),
        ({"sub": "a", "scp": ["read", "write"]}, {}, ("a", [], ("read", "write"))),
        ({"sub": "a", "scp": "read write"}, {}, ("a", [], ("read", "write"))),
        ({"sub": "a", "scope": "x", "scp": ["y"]}, {}, ("a", [], ("x",))),
        ({"sub": "a", "repository_owner": "org", "repository": "org/repo"},
         {"usernameClaim": "repository", "groupsClaim": "repository_owner"}, ("org/repo", ["org"], ())),
        ({"email": "a@example.com", "email_verified": True}, {"usernameClaim": "email"}, ("a@example.com", [], ())),
        ({"email": "a@example.com"}, {"usernameClaim": "email"}, ("a@example.com", [], ())),
    ],
)  # fmt: skip
def test_a_principal_of_claims(
    claims: dict[str, Any], settings: dict[str, str], expected: tuple[str, list[str], tuple[str, ...]]
) -> None:
    name, groups, scopes = expected
    assert principal_of(claims, config(**settings)) == Principal(name, frozenset(groups), scopes, AuthMethod.OIDC)


@pytest.mark.parametrize(
    ("claims", "settings"),
    [
        ({}, {}),
        ({"sub": 7}, {}),
        ({"sub": ""}, {}),
        ({"sub": " "}, {"usernamePrefix": "p:"}),
        ({"sub": "a\nb"}, {}),
        ({"sub": "a\u202eb"}, {}),
        ({"sub": "a" * 257}, {}),
        ({"sub": "anonymous"}, {}),
        ({"sub": "system:serviceaccount:kube-system:default"}, {}),
        ({"sub": "serviceaccount:a:b"}, {"usernamePrefix": "system:"}),
        ({"sub": "a", "g": ["system:masters"]}, {"groupsClaim": "g"}),
        ({"sub": "a", "g": ["ok", 7]}, {"groupsClaim": "g"}),
        ({"sub": "a", "g": {"x": 1}}, {"groupsClaim": "g"}),
        ({"sub": "a", "g": ["x\r"]}, {"groupsClaim": "g"}),
        ({"sub": "a", "g": [f"g{n}" for n in range(600)]}, {"groupsClaim": "g"}),
        ({"sub": "a", "scope": " ".join(map(str, range(100)))}, {}),
        ({"sub": "a", "scp": ["a\nb"]}, {}),
        ({"email": "a@example.com", "email_verified": False}, {"usernameClaim": "email"}),
        ({"email": "a@example.com", "email_verified": "false"}, {"usernameClaim": "email"}),
    ],
)  # fmt: skip
def test_claims_that_name_nobody(claims: dict[str, Any], settings: dict[str, str]) -> None:
    with pytest.raises(BadCredential):
        principal_of(claims, config(**settings))


def test_a_service_account() -> None:
    assert service_account_of({"sub": "system:serviceaccount:build:ci"}) == Principal(
        "system:serviceaccount:build:ci",
        frozenset({"system:serviceaccounts", "system:serviceaccounts:build"}),
        method=AuthMethod.SERVICE_ACCOUNT,
    )


@pytest.mark.parametrize(
    "subject",
    [None, 7, "", "alice", "system:serviceaccount:build", "system:serviceaccount:build:ci:x",
     "system:serviceaccount:Build:ci", "system:serviceaccount::ci", "system:serviceaccount:build:ci\n",
     "system:serviceaccount:a.b:ci", "xsystem:serviceaccount:build:ci"],
)  # fmt: skip
def test_what_is_no_service_account(subject: object) -> None:
    with pytest.raises(BadCredential):
        service_account_of({"sub": subject})


PROXY = TrustedProxyConfig.model_validate({"cidrs": ["10.1.0.0/16"], "secretName": "edge"})
SECRET = ("X-Auth-Proxy-Secret", "s3cret")


def by_proxy(*headers: tuple[str, str], secret: str | None = "s3cret") -> Principal | None:
    return named_by_proxy(Presented(None, "10.1.2.3", CIMultiDict(headers)), PROXY, secret)


def test_the_user_that_a_trusted_proxy_names() -> None:
    found = by_proxy(SECRET, ("x-forwarded-user", "alice"), ("X-Forwarded-Groups", "developers, ci,,"))
    assert found == Principal("alice", frozenset({"developers", "ci"}), method=AuthMethod.TRUSTED_PROXY)
    assert by_proxy(SECRET) is None
    assert by_proxy(SECRET, ("X-Forwarded-User", " ")) is None


@pytest.mark.parametrize(
    ("sent", "secret"),
    [
        ([], "s3cret"),
        ([("X-Auth-Proxy-Secret", "wrong")], "s3cret"),
        ([("X-Auth-Proxy-Secret", "")], ""),
        ([("X-Auth-Proxy-Secret", "")], None),
        ([("X-Auth-Proxy-Secret", "s3cre\udcff")], "s3cret"),
        ([SECRET, SECRET], "s3cret"),
        ([("X-Auth-Proxy-Secret", "guess"), SECRET], "s3cret"),
    ],
)
def test_headers_without_the_secret_are_ignored(sent: list[tuple[str, str]], secret: str | None) -> None:
    assert by_proxy(*sent, ("X-Forwarded-User", "admin"), secret=secret) is None


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-User", "admin"), ("X-Forwarded-User", "alice")],
        [("X-Forwarded-User", "alice"), ("X-Forwarded-Groups", "admins"), ("X-Forwarded-Groups", "developers")],
        [("X-Forwarded-User", "system:serviceaccount:a:b")],
        [("X-Forwarded-User", "alice"), ("X-Forwarded-Groups", "system:masters")],
        [("X-Forwarded-User", "anonymous")],
        [("X-Forwarded-User", "al\u202eice")],
        [("X-Forwarded-User", "a" * 300)],
    ],
)
def test_headers_that_name_nobody(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(BadCredential):
        by_proxy(SECRET, *headers)
