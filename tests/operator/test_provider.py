"""Who tells the request rate."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.autoscaling import AutoscalingSpec, Provider
from goproxy_operator.metrics_api.rules.registration import OFF, Registration, Standing
from goproxy_operator.reconcile.provider import Offers, choose

PROMETHEUS: dict[str, Any] = {"prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090"}}
AVAILABLE = Registration(Standing.AVAILABLE)
AWAY = Registration(Standing.UNAVAILABLE, "not available")
FOREIGN = Registration(Standing.FOREIGN, "another's")
ABSENT = Registration(Standing.ABSENT, "absent")
KEDA = ("ServiceMonitor", "ScaledObject")


def asked(provider: str | None = None, **more: Any) -> AutoscalingSpec:
    given = {"maxReplicas": 3, "targetRequestsPerSecond": 400, **more}
    return AutoscalingSpec.model_validate(given | ({"provider": provider} if provider else {}))


@pytest.mark.parametrize(
    ("autoscaling", "offers", "provider", "reason"),
    [
        # Auto: our own before KEDA before an adapter; to be away for a moment is no reason to move.
        (asked(), Offers(AVAILABLE, KEDA, True), Provider.BUILTIN, None),
        (asked(**PROMETHEUS), Offers(AVAILABLE, KEDA, True), Provider.BUILTIN, None),
        (asked("Auto"), Offers(AWAY, KEDA, True), Provider.BUILTIN, "BuiltinUnavailable"),
        (asked(**PROMETHEUS), Offers(FOREIGN, KEDA, True), Provider.KEDA, None),
        (asked(**PROMETHEUS), Offers(OFF, KEDA), Provider.KEDA, None),
        (asked(**PROMETHEUS), Offers(OFF, (), True), Provider.CUSTOM_METRICS, None),
        (asked(), Offers(OFF, KEDA, True), Provider.CUSTOM_METRICS, None),
        (asked(), Offers(ABSENT, (), True), Provider.CUSTOM_METRICS, None),
        (asked(), Offers(OFF, KEDA), None, "NoMetricsProvider"),
        (asked(), Offers(OFF), None, "NoMetricsProvider"),
        (asked(), Offers(FOREIGN), None, "NoMetricsProvider"),
        # What was asked for by name is not replaced.
        (asked("Builtin"), Offers(AVAILABLE), Provider.BUILTIN, None),
        (asked("Builtin"), Offers(AWAY), Provider.BUILTIN, "BuiltinUnavailable"),
        (asked("Builtin"), Offers(OFF, KEDA, True), Provider.BUILTIN, "BuiltinNotEnabled"),
        (asked("Builtin"), Offers(FOREIGN, KEDA, True), Provider.BUILTIN, "BuiltinNotRegistered"),
        (asked("Builtin"), Offers(ABSENT, KEDA, True), Provider.BUILTIN, "BuiltinNotRegistered"),
        (asked("CustomMetrics"), Offers(AVAILABLE, KEDA, True), Provider.CUSTOM_METRICS, None),
        (asked("CustomMetrics"), Offers(AVAILABLE, KEDA), Provider.CUSTOM_METRICS, "CustomMetricsNotServed"),
        (asked("KEDA", **PROMETHEUS), Offers(AVAILABLE, KEDA, True), Provider.KEDA, None),
        (asked("KEDA", **PROMETHEUS), Offers(AVAILABLE, (), True), None, "KEDANotInstalled"),
    ],
)
def test_choose(autoscaling: AutoscalingSpec, offers: Offers, provider: Provider | None, reason: str | None) -> None:
    choice = choose(autoscaling, offers)
    assert choice.provider is provider
    assert (choice.problem and choice.problem.reason) == reason


def test_where_there_is_nobody_it_is_told_what_to_install_or_switch_on() -> None:
    nobody = choose(asked(), Offers(OFF)).problem
    assert nobody is not None
    for words in ("externalMetrics.enabled=true", "install KEDA", "prometheus-adapter"):
        assert words in nobody.message
    with_keda = choose(asked(), Offers(OFF, KEDA)).problem
    assert with_keda is not None
    assert "write autoscaling.prometheus.serverAddress" in with_keda.message
