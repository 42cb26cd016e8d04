"""The headless Service: it gives each replica a name, and tells replicas where the others are."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child


def headless_service(goproxy: GoProxy) -> Manifest:
    """Return the Service.

    It has the addresses of ready replicas only. So replicas ask none of the others that does not serve yet, or that
    drains. The operator knows the addresses from the pods.
    """
    fleet = goproxy.metadata.name
    scheme = names.scheme(tls=goproxy.spec.expose.tls is not None)
    ports = (
        (names.HTTP_PORT, names.HTTP_PORT_NUMBER, scheme),
        (names.ADMIN_PORT, names.ADMIN_PORT_NUMBER, "http"),
        (names.PEERS_PORT, names.PEERS_PORT_NUMBER, "http"),
    )
    spec = {
        "type": "ClusterIP",
        "clusterIP": "None",
        "selector": names.selector(fleet),
        "ports": [
            {"name": name, "port": number, "targetPort": name, "protocol": "TCP", "appProtocol": spoken}
            for name, number, spoken in ports
        ],
    }
    return child(goproxy, "v1", "Service", names.headless_service(fleet), {"spec": spec})
