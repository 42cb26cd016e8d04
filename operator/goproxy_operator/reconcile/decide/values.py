"""What of a field's content is compared with a list of a class. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from goproxy_operator.api.expose import ServiceType

CERT_MANAGER = "cert-manager.io"
CLAIM = "claim:"
"""Stands before the name of a PersistentVolumeClaim among object stores."""
EVERYTHING = "*"
"""Stands for the taints of a toleration that has no key."""


def itself(value: Any, _namespace: str) -> Iterable[str]:
    """Return the value, or each value of a list."""
    return map(str, value) if isinstance(value, list | tuple) else (str(value),)


def none(_value: Any, _namespace: str) -> Iterable[str]:
    """Return nothing: another field of the same entry is compared."""
    return ()


def keys(value: Any, _namespace: str) -> Iterable[str]:
    """Return the keys of labels or annotations."""
    return tuple(value)


def off_if_any(value: Any, _namespace: str) -> Iterable[str]:
    """Return off, as of gosumdb, for patterns of modules that nobody verifies."""
    return ("off",) if value else ()


def but_cluster_ip(value: Any, _namespace: str) -> Iterable[str]:
    """Return a type of Service, but for the one that is always allowed."""
    return () if value == ServiceType.CLUSTER_IP.value else (str(value),)


def parent(value: Any, namespace: str) -> Iterable[str]:
    """Return a Gateway, whichever listener of it is named, or a fleet, as NAMESPACE/NAME."""
    return (f"{value.get('namespace') or namespace}/{value.get('name')}",)


def claim(value: Any, _namespace: str) -> Iterable[str]:
    """Return a PersistentVolumeClaim as an entry of a list of object stores."""
    return (f"{CLAIM}{value}",)


def issuer(value: Any, _namespace: str) -> Iterable[str]:
    """Return an issuer as KIND/NAME; the kind of another group than cert-manager's as KIND.GROUP."""
    kind, group = value.get("kind") or "Issuer", value.get("group") or CERT_MANAGER
    return (f"{kind if group == CERT_MANAGER else f'{kind}.{group}'}/{value.get('name')}",)


def annotated_issuers(annotations: Mapping[str, str]) -> Iterable[str]:
    """Return the issuers that cert-manager reads in annotations of an Ingress, in the form of `issuer`."""
    if name := annotations.get(f"{CERT_MANAGER}/cluster-issuer"):
        yield f"ClusterIssuer/{name}"
    if name := annotations.get(f"{CERT_MANAGER}/issuer"):
        kind, group = (annotations.get(f"{CERT_MANAGER}/issuer-{what}") for what in ("kind", "group"))
        yield from issuer({"name": name, "kind": kind, "group": group}, "")


def tolerated(value: Any, _namespace: str) -> Iterable[str]:
    """Return the keys of tolerations."""
    return [toleration.get("key") or EVERYTHING for toleration in value]
