"""A fleet that writes a part of a reference, whose other parts are its class's, is judged by the whole."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.limits import Profile
from tests.operator.reconcile.decide.class_objects import a_class, admitted, refused

Reference = dict[str, str]
# What the class has, what is allowed, what the fleet writes of it, and what is compared where that is refused.
Case = tuple[Reference | None, list[str], Reference, str | None]
CORP = {"name": "corp", "kind": "ClusterIssuer"}
ISSUERS: list[Case] = [
    (CORP, ["Issuer/*"], {"name": "root-ca"}, "ClusterIssuer/root-ca"),
    (CORP, ["ClusterIssuer/team-*"], {"name": "team-ca"}, None),
    (CORP, ["Issuer/*"], {"name": "root-ca", "kind": "Issuer"}, None),
    (CORP, ["Issuer/*"], {"kind": "Issuer"}, None),
    (CORP, ["ClusterIssuer/*"], {"kind": "Issuer"}, "Issuer/corp"),
    (CORP, ["ClusterIssuer/*"], {"group": "evil.example.com"}, "ClusterIssuer.evil.example.com/corp"),
    (CORP | {"group": "a.example.com"}, ["ClusterIssuer/*"], {"name": "a"}, "ClusterIssuer.a.example.com/a"),
    (CORP, [], {"name": "corp"}, None),
    (CORP, [], {}, None),
    (None, ["Issuer/*"], {"name": "ca"}, None),
]
EDGE = {"name": "edge", "namespace": "infra"}
HTTPS = EDGE | {"sectionName": "https"}
GATEWAYS: list[Case] = [
    (EDGE, ["build/*"], {"name": "admin-gw"}, "infra/admin-gw"),
    (EDGE, ["infra/admin-*"], {"name": "admin-gw"}, None),
    (EDGE, ["build/*"], {"namespace": "build"}, None),
    (EDGE, ["build/*"], {"sectionName": "admin"}, "infra/edge"),
    (HTTPS, ["build/*"], {"sectionName": "admin"}, "infra/edge"),
    (HTTPS, ["infra/edge"], {"sectionName": "admin"}, None),
    (HTTPS, [], EDGE, None),
    ({"name": "edge"}, ["build/edge"], {"sectionName": "admin"}, None),
    (None, ["build/*"], {"name": "edge"}, None),
    (None, ["infra/*"], {"name": "edge"}, "build/edge"),
]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("default", "allowed", "own", "compared"), ISSUERS, ids=str)
def test_issuers(
    profile: Profile, default: Reference | None, allowed: list[str], own: Reference, compared: str | None
) -> None:
    def spec(reference: Reference | None) -> dict[str, Any]:
        if reference is None:
            return {}
        return {"expose": {"tls": {"secretName": "goproxy-tls", "issuerRef": reference}}}

    limits = {"issuers": allowed, "secrets": ["goproxy-*"]}
    one = a_class(default=True, profile=profile.value, limits=limits, defaults=spec(default))
    if compared is None:
        admitted(one, **spec(own))
    else:
        assert f"issuerRef {compared} is not in limits.issuers" in refused(one, **spec(own))[1]


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(("default", "allowed", "own", "compared"), GATEWAYS, ids=str)
def test_gateways(
    profile: Profile, default: Reference | None, allowed: list[str], own: Reference, compared: str | None
) -> None:
    def spec(reference: Reference | None) -> dict[str, Any]:
        if reference is None:
            return {}
        return {"expose": {"gateway": {"host": "a.example.com", "parentRef": reference}}}

    limits = {"gateways": allowed, "ingressHosts": ["a.example.com"]}
    one = a_class(default=True, profile=profile.value, limits=limits, defaults=spec(default))
    if compared is None:
        admitted(one, **spec(own))
    else:
        assert f"parentRef {compared} is not in limits.gateways" in refused(one, **spec(own))[1]


def test_a_part_of_a_map_of_the_class_may_be_repeated() -> None:
    affinity: dict[str, Any] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}}
    admitted(a_class(default=True, defaults={"pod": {"affinity": affinity}}), pod={"affinity": {"podAntiAffinity": {}}})
