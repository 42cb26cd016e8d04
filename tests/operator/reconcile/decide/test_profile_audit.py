"""What a class leaves to a fleet of the audit log."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.limits import Profile
from tests.operator.reconcile.decide.class_objects import a_class, admitted, holds, refused

AUDIT = {"enabled": True, "to": ["Stdout"]}
RECEIVER = {"url": "https://es.example.com/a", "index": "audit"}


@pytest.mark.parametrize(
    ("limits", "audit", "message"),
    [
        ({}, {"enabled": False}, None),
        ({}, {"to": ["File"]}, None),
        ({}, {"elasticsearch": RECEIVER}, "spec.audit.elasticsearch.url https://es.example.com/a is not left to"),
        ({"elasticsearch": ["https://es.example.com"]}, {"elasticsearch": RECEIVER}, None),
        ({"elasticsearch": ["https://es.example.com/b"]}, {"elasticsearch": RECEIVER}, "is not in limits.elastic"),
        (
            {"elasticsearch": ["https://es.example.com"]},
            {"elasticsearch": RECEIVER | {"secretName": "other"}},
            "spec.audit.elasticsearch.secretName other",
        ),
    ],
)
def test_whose_the_audit_log_is(limits: dict[str, Any], audit: dict[str, Any], message: str | None) -> None:
    one = a_class(default=True, limits=limits)
    holds(one, {"audit": audit}, message)


@pytest.mark.parametrize(
    "audit",
    [
        {"enabled": False},
        {"to": ["File"]},
        {"to": ["Stdout", "File"]},
        {"elasticsearch": RECEIVER},
        AUDIT | {"enabled": False},
    ],
)
@pytest.mark.parametrize("profile", [Profile.RESTRICTED, Profile.BASELINE])
def test_an_audit_log_that_a_class_orders_is_the_class_s(profile: Profile, audit: dict[str, Any]) -> None:
    defaults = {"audit": AUDIT}
    limits = {"elasticsearch": ["https://es.example.com"]}
    one = a_class(default=True, profile=profile.value, defaults=defaults, limits=limits)
    assert "spec.audit." in refused(one, audit=audit)[1]
    admitted(one, audit=AUDIT)
    admitted(one, audit={"enabled": True})
    admitted(a_class(default=True, profile="Privileged", defaults=defaults), audit=audit)
