"""The Service that clients use: what GOPROXY names."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child


def client_service(goproxy: GoProxy) -> Manifest:
    """Return the Service. It sends to ready replicas only."""
    fleet = goproxy.metadata.name
    port = {
        "name": names.HTTP_PORT,
        "port": names.HTTP_PORT_NUMBER,
        "targetPort": names.HTTP_PORT,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    spec = {"type": "ClusterIP", "selector": names.selector(fleet), "ports": [port]}
    return child(goproxy, "v1", "Service", names.client_service(fleet), {"spec": spec})
