"""The resources that the operator works with, and their paths in the API."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from goproxy_operator.api import goproxy, goproxyclass

Object = dict[str, Any]
"""An object as the API server gives it."""


class Key(NamedTuple):
    """Tells one object of a kind from all others; `namespace` is empty for what has no namespace."""

    namespace: str
    name: str


def log_fields(key: tuple[str, str]) -> dict[str, str]:
    """Return what a line of the log about a fleet has besides its words (`modproxy.contract.log_lines.FIELDS`)."""
    return {"namespace": key[0], "fleet": key[1]}


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, and where the API has it.

    `optional` is one whose API is served only where somebody installed it.
    """

    api_version: str
    kind: str
    plural: str
    optional: bool = False

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, of all in a namespace, or of all there are."""
        root = "/api" if "/" not in self.api_version else "/apis"
        parts = [root, self.api_version]
        parts += ["namespaces", namespace] if namespace else []
        return "/".join([*parts, self.plural, *(part for part in (name, subresource) if part)])


GOPROXIES = Resource(goproxy.API_VERSION, goproxy.KIND, goproxy.PLURAL)
GOPROXY_CLASSES = Resource(goproxy.API_VERSION, goproxyclass.CLASS_KIND, goproxyclass.CLASS_PLURAL)
NAMESPACES = Resource("v1", "Namespace", "namespaces")
SERVICE_ACCOUNTS = Resource("v1", "ServiceAccount", "serviceaccounts")
CONFIG_MAPS = Resource("v1", "ConfigMap", "configmaps")
SERVICES = Resource("v1", "Service", "services")
STATEFUL_SETS = Resource("apps/v1", "StatefulSet", "statefulsets")
DISRUPTION_BUDGETS = Resource("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
AUTOSCALERS = Resource("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
PODS = Resource("v1", "Pod", "pods")
EVENTS = Resource("events.k8s.io/v1", "Event", "events")
SECRETS = Resource("v1", "Secret", "secrets")
API_SERVICES = Resource("apiregistration.k8s.io/v1", "APIService", "apiservices")
LEASES = Resource("coordination.k8s.io/v1", "Lease", "leases")
CLAIMS = Resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
STORAGE_CLASSES = Resource("storage.k8s.io/v1", "StorageClass", "storageclasses")
NETWORK_POLICIES = Resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
INGRESSES = Resource("networking.k8s.io/v1", "Ingress", "ingresses")
HTTP_ROUTES = Resource("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes", optional=True)
CERTIFICATES = Resource("cert-manager.io/v1", "Certificate", "certificates", optional=True)
SERVICE_MONITORS = Resource("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors", optional=True)
PROMETHEUS_RULES = Resource("monitoring.coreos.com/v1", "PrometheusRule", "prometheusrules", optional=True)
SCALED_OBJECTS = Resource("keda.sh/v1alpha1", "ScaledObject", "scaledobjects", optional=True)

CHILDREN = {
    resource.kind: resource
    for resource in (
        SERVICE_ACCOUNTS,
        CONFIG_MAPS,
        SERVICES,
        STATEFUL_SETS,
        DISRUPTION_BUDGETS,
        AUTOSCALERS,
        NETWORK_POLICIES,
        INGRESSES,
        HTTP_ROUTES,
        CERTIFICATES,
        SERVICE_MONITORS,
        PROMETHEUS_RULES,
        SCALED_OBJECTS,
    )
}
"""What the operator makes, by kind."""


def key_of(item: Object) -> Key:
    """Return namespace and name."""
    metadata = item["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])


def very_object(resource: Resource, item: Object) -> Object:
    """Return what an apply to this very object begins with.

    The uid makes the API server reject the apply if the object is gone, or another has its name by now.
    """
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "uid")}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}


def version_of(item: Object) -> int:
    """Return the resourceVersion as a number: within a resource a larger one is newer (KEP-5504)."""
    return int(item["metadata"]["resourceVersion"])
