"""The Ingress in front of the Service of the clients."""

from goproxy_operator.api.expose import IngressSpec
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, annotated, child, without_empty


def ingress(goproxy: GoProxy, ingress_spec: IngressSpec) -> Manifest:
    """Return the Ingress. It rewrites no path: replicas serve below the prefix themselves.

    Where the replicas serve HTTPS, the port of the Service says so (`appProtocol: https`). For a controller that does
    not read this field, the user writes the controller's own annotation.
    """
    fleet = goproxy.metadata.name
    backend = {"service": {"name": names.client_service(fleet), "port": {"name": names.HTTP_PORT}}}
    path = {"path": goproxy.spec.expose.path_prefix or "/", "pathType": "Prefix", "backend": backend}
    tls = (
        [{"hosts": [ingress_spec.host], "secretName": ingress_spec.tls_secret_name}]
        if ingress_spec.tls_secret_name
        else []
    )
    spec = without_empty(
        {
            "ingressClassName": ingress_spec.class_name,
            "tls": tls,
            "rules": [{"host": ingress_spec.host, "http": {"paths": [path]}}],
        }
    )
    made = child(goproxy, "networking.k8s.io/v1", "Ingress", names.ingress(fleet), {"spec": spec})
    return annotated(made, ingress_spec.annotations)
