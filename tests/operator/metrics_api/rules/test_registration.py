"""Whose the APIService is, and whether it works."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from goproxy_operator.metrics_api.rules.registration import NAME, Registration, Standing, bundle_manifest, judge

OURS = ("goproxy-operator", "goproxy-operator-external-metrics")
BUNDLE = b"certificates"


def api_service(
    namespace: str = OURS[0], name: str = OURS[1], bundle: bytes = BUNDLE, available: str | None = "True"
) -> dict[str, Any]:
    conditions = [
        {"type": "Available", "status": available, "reason": "FailedDiscoveryCheck", "message": "at 10:00:01"}
    ]
    return {
        "metadata": {"name": NAME, "uid": "u"},
        "spec": {
            "service": {"namespace": namespace, "name": name, "port": 443},
            "caBundle": base64.b64encode(bundle).decode(),
        },
        "status": {"conditions": conditions} if available else {},
    }


@pytest.mark.parametrize(
    ("held", "standing", "missing", "said"),
    [
        (None, Standing.ABSENT, False, "does not exist: install the operator anew with externalMetrics.enabled=true"),
        (api_service(), Standing.AVAILABLE, False, ""),
        (api_service(bundle=b""), Standing.AVAILABLE, True, ""),
        (api_service(bundle=b"", available=None), Standing.UNAVAILABLE, True, "has not tried it yet"),
        (api_service(available="False"), Standing.UNAVAILABLE, False, "is not available: FailedDiscoveryCheck"),
        (
            api_service(namespace="keda", name="keda-metrics"),
            Standing.FOREIGN,
            False,
            "belongs to Service keda/keda-metrics",
        ),
        (api_service(namespace="other"), Standing.FOREIGN, False, "so it is left alone"),
        ({"metadata": {}, "spec": {}}, Standing.FOREIGN, False, "belongs to Service the API server itself"),
    ],
)
def test_judge(held: dict[str, Any] | None, standing: Standing, missing: bool, said: str) -> None:
    found = judge(held, OURS, BUNDLE)
    assert (found.standing, found.missing_bundle) == (standing, missing)
    assert said in found.message
    # What changes at each try would be written to each fleet's status, each time.
    assert "10:00:01" not in found.message


def test_only_the_bundle_of_exactly_this_object_is_written() -> None:
    assert bundle_manifest(api_service(), b"new") == {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": NAME, "uid": "u"},
        "spec": {"caBundle": base64.b64encode(b"new").decode()},
    }


def test_two_looks_at_the_same_are_equal() -> None:
    assert judge(api_service(), OURS, BUNDLE) == Registration(Standing.AVAILABLE)
