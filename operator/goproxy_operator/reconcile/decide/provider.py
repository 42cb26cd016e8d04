"""Who tells the request rate, by which the fleet is sized. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from goproxy_operator.api.autoscaling import AutoscalingSpec, Provider
from goproxy_operator.metrics_api.rules.registration import Registration, Standing
from goproxy_operator.reconcile.decide.problem import Problem

SCALED_OBJECT = "ScaledObject"
CUSTOM_METRICS = "custom.metrics.k8s.io"
_OWN_REASONS = {
    Standing.OFF: "BuiltinNotEnabled",
    Standing.ABSENT: "BuiltinNotRegistered",
    Standing.FOREIGN: "BuiltinNotRegistered",
    Standing.UNAVAILABLE: "BuiltinUnavailable",
}
_NO_KEDA = "kind ScaledObject of keda.sh is not served: install KEDA"
_NO_CUSTOM = "custom.metrics.k8s.io is not served: install an adapter such as prometheus-adapter"


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What the cluster has that could tell the rate."""

    own: Registration
    """How the operator's own metrics API stands."""
    served: Collection[str] = ()
    """The kinds of optional APIs."""
    custom_metrics: bool = False
    """An adapter of custom metrics is there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who tells the rate: never Auto, and None where no autoscaler is made. `problem` says why no figures will come."""

    provider: Provider | None
    problem: Problem | None = None


def choose_provider(autoscaling: AutoscalingSpec, facts: ProviderFacts) -> Choice:
    """Choose who tells the rate.

    A HorizontalPodAutoscaler stays though its figures are missing for now: without them it still keeps the fleet within
    its range, and one that went and came would forget what it has seen.
    """
    match autoscaling.provider or Provider.AUTO:
        case Provider.BUILTIN:
            return Choice(Provider.BUILTIN, _own_problem(facts.own))
        case Provider.CUSTOM_METRICS:
            problem = None if facts.custom_metrics else Problem("CustomMetricsNotServed", _or_another(_NO_CUSTOM))
            return Choice(Provider.CUSTOM_METRICS, problem)
        case Provider.KEDA:
            if SCALED_OBJECT in facts.served:
                return Choice(Provider.KEDA)
            return Choice(None, Problem("KEDANotInstalled", _or_another(_NO_KEDA)))
        case Provider.AUTO:
            return _first(autoscaling, facts)


def _first(autoscaling: AutoscalingSpec, facts: ProviderFacts) -> Choice:
    # A replica of the operator that starts makes ours unavailable for a moment; no fleet should move and move back.
    if facts.own.standing in (Standing.AVAILABLE, Standing.UNAVAILABLE):
        return Choice(Provider.BUILTIN, _own_problem(facts.own))
    keda = SCALED_OBJECT in facts.served
    if keda and autoscaling.prometheus is not None:
        return Choice(Provider.KEDA)
    if facts.custom_metrics:
        return Choice(Provider.CUSTOM_METRICS)
    with_keda = "KEDA is there: write autoscaling.prometheus.serverAddress, which it asks" if keda else _NO_KEDA
    message = f"nobody tells the request rate, so the number of replicas stays. One of: {facts.own.message}; "
    return Choice(None, Problem("NoMetricsProvider", f"{message}{with_keda}; {_NO_CUSTOM}"))


def _own_problem(own: Registration) -> Problem | None:
    reason = _OWN_REASONS.get(own.standing)
    return Problem(reason, own.message) if reason else None


def _or_another(message: str) -> str:
    return f"{message}, or write another provider"
