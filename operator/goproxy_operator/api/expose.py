"""`spec.expose` of the object: how clients reach the fleet."""

import re
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from goproxy_operator.api.fields import DNS_NAME, NAME_LENGTH, Annotations, ObjectName, SecretRef
from goproxy_operator.api.part import SET, Items, Part
from goproxy_operator.api.rule import NO_OLD_OBJECT, Rule, Ruled, Rules, ServerRule, matching

_PATH_PREFIX_RULES: Rules[str] = (
    Rule(
        cel="self == '' || (self.startsWith('/') && !self.endsWith('/')"
        " && !self.contains('//') && !self.contains('%'))",
        holds=lambda text: (
            text == "" or (text.startswith("/") and not text.endswith("/") and "//" not in text and "%" not in text)
        ),
        message="{self} is no path prefix: write it as /go, without a trailing slash",
    ),
)
PathPrefix = Annotated[str, StringConstraints(max_length=256), Ruled(_PATH_PREFIX_RULES)]

_ONLY_NUMBERS = r"^[0-9.]+$"
_HOST_RULES: Rules[str] = (
    matching(
        DNS_NAME,
        "{self} is no host name: write lower-case letters, digits, dashes and dots, without scheme, port or "
        "path, and at most 63 characters between two dots, such as goproxy.example.com",
    ),
    Rule(
        cel=f"!self.matches(r'{_ONLY_NUMBERS}')",
        holds=lambda text: not re.fullmatch(_ONLY_NUMBERS, text),
        message="{self} is an address: write a host name, such as goproxy.example.com",
    ),
)
Host = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_HOST_RULES)]
"""A host name, without scheme, port or path."""

_BALANCER_CLASS = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
_BALANCER_CLASS_RULES: Rules[str] = (
    matching(
        _BALANCER_CLASS,
        "{self} is no class of load balancers: write its name, such as example.com/internal",
    ),
)
BalancerClass = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), Ruled(_BALANCER_CLASS_RULES)]


class ServiceType(StrEnum):
    """From where the Service of the clients can be reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


_SERVICE_RULES: Rules["ServiceSpec"] = (
    Rule(
        cel="!has(self.loadBalancerClass) || (has(self.type) && self.type == 'LoadBalancer')",
        holds=lambda spec: spec.load_balancer_class is None or spec.type is ServiceType.LOAD_BALANCER,
        message="loadBalancerClass is for type LoadBalancer only: write that type, or remove the class",
    ),
    # In a Service loadBalancerClass is immutable while the type is LoadBalancer. The user learns it at once here.
    ServerRule(
        cel="!has(self.type) || !has(oldSelf.type) || self.type != 'LoadBalancer' || oldSelf.type != 'LoadBalancer'"
        " || (has(self.loadBalancerClass) == has(oldSelf.loadBalancerClass)"
        " && (!has(self.loadBalancerClass) || self.loadBalancerClass == oldSelf.loadBalancerClass))",
        message="loadBalancerClass may not be changed, added or removed while type is LoadBalancer: "
        "write type ClusterIP first, then LoadBalancer with the other class",
        because=NO_OLD_OBJECT,
    ),
)


class ServiceSpec(Part):
    """The Service that clients use."""

    RULES: ClassVar = _SERVICE_RULES

    type: Annotated[ServiceType, Field(strict=False)] | None = None
    """Default: ClusterIP."""
    annotations: Annotations | None = None
    """What your load balancer or DNS controller reads."""
    load_balancer_class: BalancerClass | None = None
    """Which implementation of load balancers; only with that type, and immutable meanwhile."""


class IngressSpec(Part):
    """An Ingress in front of the Service."""

    host: Host
    """What clients put into GOPROXY, without scheme and path."""
    class_name: ObjectName | None = None
    """Default: the cluster's default IngressClass."""
    tls_secret_name: SecretRef | None = None
    """The certificate that the controller shows; a Secret of type kubernetes.io/tls. Default: the controller's own."""
    annotations: Annotations | None = None
    """What your controller or cert-manager reads."""


class ParentRef(Part):
    """The Gateway that routes to the fleet."""

    name: ObjectName
    """The name of the Gateway."""
    namespace: ObjectName | None = None
    """Default: the object's own. That Gateway has to allow routes from here."""
    section_name: ObjectName | None = None
    """One listener of it. Default: all that fit."""


class GatewaySpec(Part):
    """An HTTPRoute in front of the Service."""

    host: Host
    """What clients put into GOPROXY, without scheme and path."""
    parent_ref: ParentRef


class IssuerRef(Part):
    """An issuer of cert-manager."""

    name: ObjectName
    """The name of the issuer."""
    kind: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None
    """Issuer or ClusterIssuer. Default: Issuer."""
    group: ObjectName | None = None
    """Default: cert-manager.io."""


_TLS_RULES: Rules["TlsSpec"] = (
    Rule(
        cel="!has(self.dnsNames) || has(self.issuerRef)",
        holds=lambda spec: spec.dns_names is None or spec.issuer_ref is not None,
        message="dnsNames are for a certificate that an issuer is asked for: write issuerRef too, or remove them",
    ),
)


class TlsSpec(Part):
    """HTTPS, served by the replicas themselves."""

    RULES: ClassVar = _TLS_RULES

    secret_name: SecretRef
    """A Secret of type kubernetes.io/tls; a new pair in it is shown within seconds of its arrival, with no restart."""
    issuer_ref: IssuerRef | None = None
    """Asks cert-manager to write that Secret, for all names by which the fleet is called. Default: it is yours."""
    dns_names: Annotated[Items[Host], Field(max_length=32, json_schema_extra=SET)] | None = None
    """More names for that certificate, such as that of a load balancer."""


class ExposeSpec(Part):
    """How clients reach the fleet."""

    path_prefix: PathPrefix | None = None
    """Such as /go, when served below a path."""
    service: ServiceSpec = ServiceSpec()
    ingress: IngressSpec | None = None
    gateway: GatewaySpec | None = None
    tls: TlsSpec | None = None
