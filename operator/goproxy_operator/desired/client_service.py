"""The Service that clients use. Its address is what GOPROXY names."""

from goproxy_operator.api.expose import ServiceType
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, annotated, child, without_empty


def client_service(goproxy: GoProxy) -> Manifest:
    """Return the Service. It sends to ready replicas only. Fleets that have this one as their parent use it too."""
    fleet, expose = goproxy.metadata.name, goproxy.spec.expose
    port = {
        "name": names.HTTP_PORT,
        "port": names.HTTP_PORT_NUMBER,
        "targetPort": names.HTTP_PORT,
        "protocol": "TCP",
        "appProtocol": names.scheme(tls=expose.tls is not None),
    }
    peers = {
        "name": names.PEERS_PORT,
        "port": names.PEERS_PORT_NUMBER,
        "targetPort": names.PEERS_PORT,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    access = goproxy.spec.access
    consents = access is not None and access.children is not None
    spec = without_empty(
        {
            "type": (expose.service.type or ServiceType.CLUSTER_IP).value,
            "loadBalancerClass": expose.service.load_balancer_class,
            "selector": names.selector(fleet),
            "ports": [port, peers] if consents else [port],
        }
    )
    made = child(goproxy, "v1", "Service", names.client_service(fleet), {"spec": spec})
    return annotated(made, expose.service.annotations)
