"""`spec.expose` of the object: how clients reach the fleet."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from goproxy_operator.api import cel_expose
from goproxy_operator.api.fields import NAME_LENGTH, PathPrefix, SecretRef
from goproxy_operator.api.part import SET, Items, Part


def _check_host(text: str) -> str:
    if not re.fullmatch(cel_expose.HOST_NAME, text):
        raise ValueError(
            f"{text!r} is no host name: write lower-case letters, digits, dashes and dots, without scheme, port or "
            "path, such as goproxy.example.com"
        )
    if re.fullmatch(cel_expose.ONLY_NUMBERS, text):
        raise ValueError(f"{text!r} is an address: write a host name, such as goproxy.example.com")
    return text


def _check_name(text: str) -> str:
    if not re.fullmatch(cel_expose.HOST_NAME, text):
        raise ValueError(f"{text!r} is no name: write lower-case letters, digits, dashes and dots, such as nginx")
    return text


def _check_balancer_class(text: str) -> str:
    if not re.fullmatch(cel_expose.BALANCER_CLASS_PATTERN, text):
        raise ValueError(f"{text!r} is no class of load balancers: write its name, such as example.com/internal")
    return text


def _check_annotations(annotations: dict[str, str]) -> dict[str, str]:
    if any(key.startswith("goproxy-operator.dev/") for key in annotations):
        raise ValueError("annotations under goproxy-operator.dev/ are the operator's own: choose other keys")
    return annotations


Host = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LENGTH),
    AfterValidator(_check_host),
    Field(json_schema_extra=cel_expose.HOST),
]
"""A host name, without scheme, port or path."""
ObjectName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=NAME_LENGTH),
    AfterValidator(_check_name),
    Field(json_schema_extra=cel_expose.CLASS_NAME),
]
"""The name of another object."""
Annotations = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=4096)]],
    Field(max_length=64, json_schema_extra=cel_expose.ANNOTATIONS),
    AfterValidator(_check_annotations),
]
"""Passed on to a child, beside the operator's own."""


class ServiceType(StrEnum):
    """From where the Service of the clients can be reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


class Service(Part):
    """The Service that clients use."""

    model_config = ConfigDict(json_schema_extra=cel_expose.SERVICE)

    type: Annotated[ServiceType, Field(strict=False)] | None = None
    """Default: ClusterIP."""
    annotations: Annotations | None = None
    """What your load balancer or DNS controller reads."""
    load_balancer_class: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=NAME_LENGTH),
            AfterValidator(_check_balancer_class),
            Field(json_schema_extra=cel_expose.BALANCER_CLASS),
        ]
        | None
    ) = None
    """Which implementation of load balancers; only with that type, and immutable meanwhile."""

    @model_validator(mode="after")
    def _class_has_its_type(self) -> "Service":
        if self.load_balancer_class is not None and self.type is not ServiceType.LOAD_BALANCER:
            raise ValueError("loadBalancerClass is for type LoadBalancer only: write that type, or remove the class")
        return self


class Ingress(Part):
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
    namespace: ObjectName | None = None
    """Default: the object's own. That Gateway has to allow routes from here."""
    section_name: ObjectName | None = None
    """One listener of it. Default: all that fit."""


class Gateway(Part):
    """An HTTPRoute in front of the Service."""

    host: Host
    """What clients put into GOPROXY, without scheme and path."""
    parent_ref: ParentRef


class IssuerRef(Part):
    """An issuer of cert-manager."""

    name: ObjectName
    kind: Annotated[str, StringConstraints(min_length=1, max_length=63)] | None = None
    """Issuer or ClusterIssuer. Default: Issuer."""
    group: ObjectName | None = None
    """Default: cert-manager.io."""


class Tls(Part):
    """HTTPS, served by the replicas themselves."""

    model_config = ConfigDict(json_schema_extra=cel_expose.TLS)

    secret_name: SecretRef
    """A Secret of type kubernetes.io/tls; a new pair in it is shown within seconds of its arrival, with no restart."""
    issuer_ref: IssuerRef | None = None
    """Asks cert-manager to write that Secret, for all names by which the fleet is called. Default: it is yours."""
    dns_names: Annotated[Items[Host], Field(max_length=32, json_schema_extra=SET)] | None = None
    """More names for that certificate, such as that of a load balancer."""

    @model_validator(mode="after")
    def _names_have_an_issuer(self) -> "Tls":
        if self.dns_names is not None and self.issuer_ref is None:
            raise ValueError(
                "dnsNames are for a certificate that an issuer is asked for: write issuerRef too, or remove them"
            )
        return self


class Expose(Part):
    """How clients reach the fleet."""

    path_prefix: PathPrefix | None = None
    """Such as /go, when served below a path."""
    service: Service = Service()
    ingress: Ingress | None = None
    gateway: Gateway | None = None
    tls: Tls | None = None
