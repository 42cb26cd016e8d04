"""The Certificate by which cert-manager issues what the replicas show to clients."""

from goproxy_operator.api.expose import IssuerRef, TlsSpec
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child, without_empty


def certificate(goproxy: GoProxy, tls: TlsSpec, issuer: IssuerRef) -> Manifest:
    """Return the Certificate. cert-manager writes and renews the Secret; the issuer decides how long it lasts."""
    spec = {
        "secretName": tls.secret_name,
        "dnsNames": dns_names(goproxy),
        "issuerRef": without_empty({"name": issuer.name, "kind": issuer.kind, "group": issuer.group}),
    }
    name = names.certificate(goproxy.metadata.name)
    return child(goproxy, "cert-manager.io/v1", "Certificate", name, {"spec": spec})


def dns_names(goproxy: GoProxy) -> list[str]:
    """Return all names of the fleet: of the Service, of the replicas, and those of its Ingress and route."""
    fleet, namespace, expose = goproxy.metadata.name, goproxy.metadata.namespace, goproxy.spec.expose
    service, replicas = names.client_service(fleet), f"*.{names.headless_service(fleet)}"
    found = [service, f"{service}.{namespace}"]
    # Names in a cluster of another domain than cluster.local belong into the object's dnsNames.
    for below in (f"{namespace}.svc", f"{namespace}.svc.cluster.local"):
        found += [f"{service}.{below}", f"{replicas}.{below}"]
    found += [route.host for route in (expose.ingress, expose.gateway) if route is not None]
    found += (expose.tls and expose.tls.dns_names) or ()
    return list(dict.fromkeys(found))
