"""A fleet may demand more of versions than its class's defaults do, and no less."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.profile import profile_breaches
from tests.operator.reconcile.decide.class_objects import a_class

AGE = {"minimumAge": "72h", "minimumAgeExclude": ["example.com/a"]}
LICENSES = {"licenses": {"allow": ["MIT", "ISC"], "deny": ["0BSD"], "mode": "Enforce"}}
DENY = {"denyVulnerable": True, "vulnerabilities": {"url": "https://vuln.example.com", "unfixed": "Deny"}}


@pytest.mark.parametrize(
    ("default", "own", "field"),
    [
        ({}, {"minimumAge": "1h", "minimumAgeExclude": ["example.com"], "minimumAgeMode": "DryRun"}, None),
        ({}, {"denyVulnerable": False, "vulnerabilities": {"except": ["GO-2024-1234"], "mode": "DryRun"}}, None),
        ({}, {"mode": "DryRun"}, None),
        ({}, {"vulnerabilities": {"url": "https://vuln.example.com"}}, "vulnerabilities.url"),
        (AGE, {"minimumAge": "96h"}, None),
        (AGE, {"minimumAge": "71h"}, "minimumAge"),
        (AGE, {"minimumAge": "259200s"}, None),
        (AGE, {"minimumAge": "x"}, "minimumAge"),
        (AGE, {"minimumAgeExclude": []}, None),
        (AGE, {"minimumAgeExclude": ["example.com/a", "example.com/b"]}, "minimumAgeExclude"),
        (AGE, {"minimumAgeMode": "DryRun"}, "minimumAgeMode"),
        (AGE, {"mode": "DryRun"}, "mode"),
        (AGE, {"mode": "Enforce"}, None),
        (DENY, {"denyVulnerable": False}, "denyVulnerable"),
        (DENY, {"vulnerabilities": {"except": ["GO-2024-1234"]}}, "vulnerabilities.except"),
        (DENY, {"vulnerabilities": {"unfixed": "Allow"}}, "vulnerabilities.unfixed"),
        (DENY, {"vulnerabilities": {"unreviewed": "Deny"}}, None),
        (DENY, {"vulnerabilities": {"mode": "DryRun"}}, "vulnerabilities.mode"),
        (DENY, {"vulnerabilities": {"url": "https://vuln.example.com"}}, None),
        (DENY, {"vulnerabilities": {"url": "https://empty.example.com"}}, "vulnerabilities.url"),
        (DENY, {"mode": "DryRun"}, "mode"),
        ({}, {"licenses": {"allow": ["MIT"], "mode": "DryRun"}}, None),
        (LICENSES, {"licenses": {"allow": ["MIT"]}}, None),
        (LICENSES, {"licenses": {"allow": []}}, "licenses.allow"),
        (LICENSES, {"licenses": {"allow": ["MIT", "GPL-3.0"]}}, "licenses.allow"),
        (LICENSES, {"licenses": {"deny": ["0BSD", "ISC"]}}, None),
        (LICENSES, {"licenses": {"deny": []}}, "licenses.deny"),
        (LICENSES, {"licenses": {"mode": "DryRun"}}, "licenses.mode"),
        (LICENSES, {"mode": "DryRun"}, "mode"),
    ],
)
def test_what_a_restricted_fleet_may_write(default: dict[str, Any], own: dict[str, Any], field: str | None) -> None:
    restricted = a_class(profile="Restricted", defaults={"modules": default})
    found = profile_breaches({"modules": own}, restricted, "build")
    assert [text.split()[0] for text in found] == ([f"spec.modules.{field}"] if field else [])
    privileged = a_class(profile="Privileged", defaults={"modules": default})
    assert profile_breaches({"modules": own}, privileged, "build") == ()


ACCESS = {"basic": {"secretName": "goproxy-users"}, "anonymous": ["read"], "insecure": True}
RULE = {"modules": ["*"], "verbs": ["fetch"]}


@pytest.mark.parametrize(
    ("default", "own", "field"),
    [
        ({}, {"anonymous": ["read", "fetch"], "rules": [RULE | {"groups": ["system:unauthenticated"]}]}, None),
        (ACCESS, {"anonymous": []}, None),
        (ACCESS, {"anonymous": ["read"], "rules": [RULE | {"users": ["alice"], "groups": ["developers"]}]}, None),
        (ACCESS, {"anonymous": ["read", "fetch"]}, "anonymous"),
        (ACCESS, {"rules": [RULE | {"groups": ["developers", "system:unauthenticated"]}]}, "rules[].groups"),
        (ACCESS, {"rules": [RULE | {"users": ["anonymous"]}]}, "rules[].users"),
    ],
)
def test_a_restricted_fleet_asks_for_credentials_where_its_class_does(
    default: dict[str, Any], own: dict[str, Any], field: str | None
) -> None:
    found = profile_breaches({"access": own}, a_class(profile="Restricted", defaults={"access": default}), "build")
    assert [text.split()[0] for text in found] == ([f"spec.access.{field}"] if field else [])
    assert profile_breaches({"access": own}, a_class(profile="Privileged", defaults={"access": default}), "b") == ()
