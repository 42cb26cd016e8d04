"""What an object asks for that this cluster cannot have, because nobody installed its API. Pure."""

from collections.abc import Collection, Iterator

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.monitoring import Switch
from goproxy_operator.reconcile.decide.problem import Problem

REASON = "APIMissing"
_INSTALL = {
    "HTTPRoute": ("gateway.networking.k8s.io/v1", "install the Gateway API and a controller for it"),
    "Certificate": ("cert-manager.io/v1", "install cert-manager"),
    "ServiceMonitor": ("monitoring.coreos.com/v1", "install the Prometheus operator"),
    "PrometheusRule": ("monitoring.coreos.com/v1", "install the Prometheus operator"),
}
"""Where a kind comes from: its group and version, and what to install."""


def missing_apis(goproxy: GoProxy, served: Collection[str]) -> Problem | None:
    """Compare what is asked for with the kinds that are `served`. All else that the object asks for is carried out."""
    told = []
    for field, kind, instead in _needs(goproxy):
        if kind not in served:
            group, install = _INSTALL[kind]
            told.append(f"{field}: this cluster serves no {kind} of {group}: {install}, or {instead}")
    return Problem(REASON, "; ".join(told)) if told else None


def _needs(goproxy: GoProxy) -> Iterator[tuple[str, str, str]]:
    """Yield each field that cannot do without an optional API, that API's kind, and what to write instead."""
    expose, monitoring = goproxy.spec.expose, goproxy.spec.monitoring
    if expose.gateway is not None:
        yield "spec.expose.gateway", "HTTPRoute", "write ingress or service instead"
    if expose.tls is not None and expose.tls.issuer_ref is not None:
        instead = f"make Secret {expose.tls.secret_name} yourself and remove issuerRef"
        yield "spec.expose.tls.issuerRef", "Certificate", instead
    if monitoring.service_monitor is Switch.ENABLED:
        yield "spec.monitoring.serviceMonitor", "ServiceMonitor", "write Auto"
    if monitoring.rules is Switch.ENABLED:
        yield "spec.monitoring.rules", "PrometheusRule", "write Auto"
