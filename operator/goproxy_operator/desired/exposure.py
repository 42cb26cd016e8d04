"""The children that make a fleet reachable, and the one that says who may connect."""

from collections.abc import Collection

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.certificate import certificate
from goproxy_operator.desired.http_route import http_route
from goproxy_operator.desired.ingress import ingress
from goproxy_operator.desired.kin import Kin
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.switches import scraped
from goproxy_operator.desired.network_policy import network_policy


def exposure_children(goproxy: GoProxy, served: Collection[str], operator_namespace: str, kin: Kin) -> list[Manifest]:
    """Return these children, except those whose kind is not `served`."""
    expose = goproxy.spec.expose
    made = [network_policy(goproxy, operator_namespace, kin, scraped=scraped(goproxy, served))]
    if expose.tls is not None and expose.tls.issuer_ref is not None and "Certificate" in served:
        made.append(certificate(goproxy, expose.tls, expose.tls.issuer_ref))
    if expose.ingress is not None:
        made.append(ingress(goproxy, expose.ingress))
    if expose.gateway is not None and "HTTPRoute" in served:
        made.append(http_route(goproxy, expose.gateway))
    return made
