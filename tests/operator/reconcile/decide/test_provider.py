"""Who tells the request rate."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.autoscaling import AutoscalingSpec, Provider
from goproxy_operator.metrics_api.rules.registration import OFF, Registration, Standing
from goproxy_operator.reconcile.decide.provider import ProviderFacts, choose_provider

PROMETHEUS: dict[str, Any] = {"prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090"}}
AVAILABLE = Registration(Standing.AVAILABLE)
AWAY = Registration(Standing.UNAVAILABLE, "not available")
FOREIGN = Registration(Standing.FOREIGN, "another's")
ABSENT = Registration(Standing.ABSENT, "absent")
KEDA = ("ServiceMonitor", "ScaledObject")


def autoscaling(provider: str | None = None, **more: Any) -> AutoscalingSpec:
    given = {"maxReplicas": 3, "targetRequestsPerSecond": 400, **more}
    return AutoscalingSpec.model_validate(given | ({"provider": provider} if provider else {}))


@pytest.mark.parametrize(
    ("asked_for", "facts", "provider", "reason"),
    [
        # Auto: our own before KEDA before an adapter; to be away for a moment is no reason to move.
        (autoscaling(), ProviderFacts(AVAILABLE, KEDA, True), Provider.BUILTIN, None),
        (autoscaling(**PROMETHEUS), ProviderFacts(AVAILABLE, KEDA, True), Provider.BUILTIN, None),
        (autoscaling("Auto"), ProviderFacts(AWAY, KEDA, True), Provider.BUILTIN, "BuiltinUnavailable"),
        (autoscaling(**PROMETHEUS), ProviderFacts(FOREIGN, KEDA, True), Provider.KEDA, None),
        (autoscaling(**PROMETHEUS), ProviderFacts(OFF, KEDA), Provider.KEDA, None),
        (autoscaling(**PROMETHEUS), ProviderFacts(OFF, (), True), Provider.CUSTOM_METRICS, None),
        (autoscaling(), ProviderFacts(OFF, KEDA, True), Provider.CUSTOM_METRICS, None),
        (autoscaling(), ProviderFacts(ABSENT, (), True), Provider.CUSTOM_METRICS, None),
        (autoscaling(), ProviderFacts(OFF, KEDA), None, "NoMetricsProvider"),
        (autoscaling(), ProviderFacts(OFF), None, "NoMetricsProvider"),
        (autoscaling(), ProviderFacts(FOREIGN), None, "NoMetricsProvider"),
        # What was asked for by name is not replaced.
        (autoscaling("Builtin"), ProviderFacts(AVAILABLE), Provider.BUILTIN, None),
        (autoscaling("Builtin"), ProviderFacts(AWAY), Provider.BUILTIN, "BuiltinUnavailable"),
        (autoscaling("Builtin"), ProviderFacts(OFF, KEDA, True), Provider.BUILTIN, "BuiltinNotEnabled"),
        (autoscaling("Builtin"), ProviderFacts(FOREIGN, KEDA, True), Provider.BUILTIN, "BuiltinNotRegistered"),
        (autoscaling("Builtin"), ProviderFacts(ABSENT, KEDA, True), Provider.BUILTIN, "BuiltinNotRegistered"),
        (autoscaling("CustomMetrics"), ProviderFacts(AVAILABLE, KEDA, True), Provider.CUSTOM_METRICS, None),
        (
            autoscaling("CustomMetrics"),
            ProviderFacts(AVAILABLE, KEDA),
            Provider.CUSTOM_METRICS,
            "CustomMetricsNotServed",
        ),
        (autoscaling("KEDA", **PROMETHEUS), ProviderFacts(AVAILABLE, KEDA, True), Provider.KEDA, None),
        (autoscaling("KEDA", **PROMETHEUS), ProviderFacts(AVAILABLE, (), True), None, "KEDANotInstalled"),
    ],
)
def test_choose(
    asked_for: AutoscalingSpec, facts: ProviderFacts, provider: Provider | None, reason: str | None
) -> None:
    choice = choose_provider(asked_for, facts)
    assert choice.provider is provider
    assert (choice.problem and choice.problem.reason) == reason


def test_where_there_is_nobody_it_is_told_what_to_install_or_switch_on() -> None:
    nobody = choose_provider(autoscaling(), ProviderFacts(OFF)).problem
    assert nobody is not None
    for words in ("externalMetrics.enabled=true", "install KEDA", "prometheus-adapter"):
        assert words in nobody.message
    with_keda = choose_provider(autoscaling(), ProviderFacts(OFF, KEDA)).problem
    assert with_keda is not None
    assert "write autoscaling.prometheus.serverAddress" in with_keda.message
