"""The alerts about the operator itself. The metrics are those of `goproxy_operator.metrics`. Pure."""

from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.alert import CRITICAL, WARNING, Alert

_NAME = "goproxy-operator"
_QUEUE_SECONDS = 30
_FAILED = 0.25


def operator_alerts() -> list[Alert]:
    """Return the alerts."""
    return [
        Alert(
            "GoProxyOperatorDown",
            "(sum(goproxy_operator_leading) or vector(0)) == 0",
            "5m",
            CRITICAL,
            "No replica of goproxy-operator is active, or none is scraped",
            "Fleets serve on. Nobody carries out changes, scales by the builtin metrics, or mends what breaks.",
        ),
        Alert(
            "GoProxyOperatorQueueOld",
            f"max by (namespace, pod) (goproxy_operator_queue_age_seconds) > {_QUEUE_SECONDS}",
            "10m",
            WARNING,
            "{{ $labels.pod }} takes {{ $value | humanizeDuration }} to look at a fleet that is due",
            "The API server or the operator's CPU is too slow. Changes of fleets come late.",
        ),
        Alert(
            "GoProxyOperatorReconcilesFail",
            'sum(rate(goproxy_operator_reconciles_total{result="failed"}[10m])) '
            f"/ sum(rate(goproxy_operator_reconciles_total[10m])) > {_FAILED}",
            "15m",
            WARNING,
            "{{ $value | humanizePercentage }} of the passes over fleets fail",
            "The operator tries again and again. Its log says why.",
        ),
        Alert(
            "GoProxyOperatorForbidden",
            'sum by (verb, resource) (increase(goproxy_operator_api_calls_total{code="403"}[15m])) > 0',
            "15m",
            WARNING,
            "The API server forbids goproxy-operator to {{ $labels.verb }} {{ $labels.resource }}",
            "A right is missing, or an admission policy refuses what the operator writes. The operator's log has the "
            "API server's words.",
        ),
        Alert(
            "GoProxyOperatorFaults",
            "sum(increase(goproxy_operator_faults_total[15m])) > 0",
            None,
            WARNING,
            "goproxy-operator met an error that no code foresaw",
            "The fleet that it is about stays as it is, and says so in its conditions. Please report the error, which "
            "the operator's log has.",
        ),
        Alert(
            "GoProxyFleetStalled",
            'sum(goproxy_operator_fleets{condition="Stalled",status="True"}) > 0',
            "1h",
            WARNING,
            "{{ $value }} GoProxy objects cannot be carried out as they are written",
            "What ran before runs on. `kubectl get gop -A` shows the objects, and `kubectl describe gop` says what to "
            "write instead.",
        ),
        Alert(
            "GoProxyRolloutsWait",
            'sum(goproxy_operator_rollouts{state="waiting"}) > 0 '
            'and changes(sum(goproxy_operator_rollouts{state="waiting"})[1h:5m]) == 0',
            "1h",
            WARNING,
            "{{ $value }} fleets wait for their turn to run a new version, and none has had it for an hour",
            "Fleets that roll do not become ready: `kubectl get gop -A` shows them.",
        ),
    ]


def operator_rules() -> Manifest:
    """Return the PrometheusRule, as an installation without settings has it."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": _NAME, "namespace": _NAME},
        "spec": {"groups": [{"name": _NAME, "rules": [alert.manifest("docs") for alert in operator_alerts()]}]},
    }
