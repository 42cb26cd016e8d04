"""`spec.access`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

_TLS = {"expose": {"tls": {"secretName": "tls"}}}
_OIDC = {"issuer": "https://sso.example.com", "audience": "goproxy"}
_OTHER = {"issuer": "https://forge.example.com", "audience": "goproxy"}
_RULE = {"groups": ["developers"], "modules": ["*"], "verbs": ["read"]}
_PROXY = {"cidrs": ["10.1.0.0/16"], "secretName": "edge"}
_NEEDS_TLS = "credentials of access need TLS, and go sends none over plain http: write expose.tls"


def _access(**section: Any) -> dict[str, Any]:
    return {"access": section, **_TLS}


def _rule(**changed: Any) -> dict[str, Any]:
    return _access(basic={"secretName": "users"}, rules=[{**_RULE, **changed}])


REFUSED: list[Case] = [
    *(
        both({"access": section, **more}, _NEEDS_TLS, "spec")
        for section in (
            {"basic": {"secretName": "users"}},
            {"oidc": [_OIDC]},
            {"serviceAccounts": {"audience": "goproxy"}},
            {"trustedProxy": _PROXY},
            {"basic": {"secretName": "users"}, "insecure": False},
        )
        for more in ({}, {"expose": {"ingress": {"host": "goproxy.example.com"}}})
    ),
    *(
        both(_access(oidc=[{**_OIDC, "issuer": issuer}]), "is no issuer: write its URL", "spec.access.oidc[0].issuer")
        for issuer in (
            "sso.example.com",
            "https://",
            "https://sso.example.com?x=1",
            "https://a#b",
            "ftp://a.example.com",
        )
    ),
    both(
        _access(oidc=[{**_OIDC, "issuer": "https://me:pw@sso.example.com"}]),
        "credentials do not belong into the URL",
        "spec.access.oidc[0].issuer",
    ),
    both(
        _access(oidc=[{**_OIDC, "issuer": "https://sso..example.com"}]),
        "a host name has two dots in a row",
        "spec.access.oidc[0].issuer",
    ),
    both(_access(oidc=[_OIDC, {**_OIDC, "audience": "b"}]), "an issuer is named twice", "spec.access"),
    both(
        _access(oidc=[{**_OIDC, "usernameClaim": "a\nb"}]),
        "has a line break or another control character",
        "spec.access.oidc[0].usernameClaim",
    ),
    both(_access(rules=[_RULE]), "rules are for those who prove who they are", "spec.access"),
    both(
        _access(basic={"secretName": "users"}, rules=[{"modules": ["*"], "verbs": ["read"]}]),
        "the rule is for nobody: write users, groups or serviceAccounts",
        "spec.access.rules[0]",
    ),
    both(_rule(groups=[" developers"]), "begins or ends with white space", "spec.access.rules[0].groups[0]"),
    both(_rule(users=["a\tb"]), "has a line break or another control", "spec.access.rules[0].users[0]"),
    *(
        both(
            _rule(serviceAccounts=[account]),
            "is no service account: write NAMESPACE/NAME",
            "spec.access.rules[0].serviceAccounts[0]",
        )
        for account in ("builder", "ci/", "ci/builder/x", "system:serviceaccount:ci:builder", "CI/builder")
    ),
    both(
        _rule(modules=["https://example.com"]),
        "is a URL: write the module path without a scheme",
        "spec.access.rules[0].modules[0]",
    ),
    schema(
        _rule(verbs=["write"]),
        server="Unsupported value",
        models="Input should be 'read', 'fetch', 'publish' or 'delete'",
        path="spec.access.rules[0].verbs[0]",
    ),
    schema(
        _rule(verbs=[]),
        server="should have at least 1 items",
        models="at least 1 item",
        path="spec.access.rules[0].verbs",
    ),
    both(
        _access(trustedProxy={**_PROXY, "cidrs": ["10.1.0.1/16"]}),
        "is no range of addresses",
        "spec.access.trustedProxy.cidrs[0]",
    ),
    both(
        _access(trustedProxy={**_PROXY, "userHeader": "X User"}),
        "is no name of a header",
        "spec.access.trustedProxy.userHeader",
    ),
    both(
        _access(trustedProxy={**_PROXY, "userHeader": "AUTHORIZATION"}),
        "has a meaning of its own",
        "spec.access.trustedProxy.userHeader",
    ),
    *(
        both(_access(oidc=[_OIDC | more, _OTHER | more]), "two issuers may name the same user or group", "spec.access")
        for more in ({}, {"usernamePrefix": "x:", "groupsClaim": "groups"})
    ),
    *(
        both(_access(trustedProxy={**_PROXY, **same}), "one header says two things", "spec.access.trustedProxy")
        for same in (
            {"userHeader": "x-auth-proxy-secret"},
            {"secretHeader": "X-Secret", "groupsHeader": "x-secret"},
            {"userHeader": "X-Forwarded-Groups"},
        )
    ),
    both(_access(basic={"secretName": "a b"}), "is no name of a Secret", "spec.access.basic.secretName"),
]
ACCEPTED: list[dict[str, Any]] = [
    _access(oidc=[_OIDC, _OTHER | {"usernamePrefix": "", "groupsClaim": "groups"}]),
    {"access": {}},
    {"access": {"anonymous": ["read", "fetch"]}},
    {"access": {"rules": [{"groups": ["system:unauthenticated"], "modules": ["example.com"], "verbs": ["read"]}]}},
    {"access": {"basic": {"secretName": "users"}, "insecure": True}},
    {"access": {"oidc": [_OIDC]}, "expose": {"gateway": {"host": "g.example.com", "parentRef": {"name": "edge"}}}},
    {"access": {"oidc": [_OIDC]}, "expose": {"ingress": {"host": "g.example.com", "tlsSecretName": "tls"}}},
    _access(
        anonymous=["read"],
        basic={"secretName": "users"},
        oidc=[
            {
                **_OIDC,
                "usernameClaim": "upn",
                "groupsClaim": "groups",
                "usernamePrefix": "sso:",
                "groupsPrefix": "sso:",
            },
            {"issuer": "https://forge.example.com/tokens/", "audience": "https://goproxy.example.com"},
        ],
        serviceAccounts={"audience": "goproxy"},
        trustedProxy={**_PROXY, "userHeader": "X-Forwarded-Email", "groupsHeader": "X-G", "secretHeader": "X-S"},
        hide=True,
        rules=[
            _RULE,
            {"users": ["alice"], "serviceAccounts": ["ci/builder"], "modules": ["x.com"], "verbs": ["fetch"]},
        ],
    ),
]
