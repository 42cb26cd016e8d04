"""The route from a Gateway to the Service of the clients."""

from goproxy_operator.api.expose import GatewaySpec
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child, without_empty


def http_route(goproxy: GoProxy, gateway: GatewaySpec) -> Manifest:
    """Return the HTTPRoute. It rewrites no path: replicas serve below the prefix themselves."""
    fleet = goproxy.metadata.name
    parent = without_empty(
        {
            "name": gateway.parent_ref.name,
            "namespace": gateway.parent_ref.namespace,
            "sectionName": gateway.parent_ref.section_name,
        }
    )
    path = {"type": "PathPrefix", "value": goproxy.spec.expose.path_prefix or "/"}
    rule = {
        "matches": [{"path": path}],
        "backendRefs": [{"name": names.client_service(fleet), "port": names.HTTP_PORT_NUMBER}],
    }
    spec = {"parentRefs": [parent], "hostnames": [gateway.host], "rules": [rule]}
    return child(goproxy, "gateway.networking.k8s.io/v1", "HTTPRoute", names.http_route(fleet), {"spec": spec})
