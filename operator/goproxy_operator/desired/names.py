"""Every name that children carry. No name may ever change: a StatefulSet's serviceName and claims are immutable."""

from goproxy_operator.api.goproxy import GROUP
from modproxy.contract.config import SCHEMA_VERSION

FLEET_LABEL = f"{GROUP}/fleet"
"""On every child, pod and claim; its value is the object's name. The reflectors watch only what carries it."""
APPLIED_ANNOTATION = f"{GROUP}/applied"
"""On every child: the hash of what was applied last."""
NUDGE_ANNOTATION = f"{GROUP}/config"
"""On pods: the hash of the config in force. A change of it makes the kubelet sync their volumes at once."""
ALLOWLIST_SOURCE_ANNOTATION = f"{GROUP}/allowlist-from"
"""On the fleet's ConfigMap: the name of the ConfigMap that its allowlist was copied from."""
IDLE_SINCE_ANNOTATION = f"{GROUP}/idle-since"
"""On the claim of a replica that was scaled in: the time of that."""
IGNORE_UPDATES_ANNOTATION = "argocd.argoproj.io/ignore-resource-updates"

FIELD_MANAGER = "goproxy-operator"
"""The owner, in server-side apply, of the fields that the operator writes."""

USER_ALLOWLIST_KEY = "modules"
"""In the ConfigMap that an object names: the patterns, one a line."""
CLAIM_TEMPLATE = "cache"
CONTAINER = "modproxy"
HTTP_PORT = "http"
ADMIN_PORT = "admin"
PEERS_PORT = "peers"
HTTP_PORT_NUMBER = 8080
ADMIN_PORT_NUMBER = 8081
PEERS_PORT_NUMBER = 8082
RATE_METRIC = "goproxy_requests_per_second"
"""The external metric that the HorizontalPodAutoscaler asks for, with the fleet label as its selector."""


def stateful_set(fleet: str) -> str:
    """The StatefulSet. Its pods are named after it: team-a-0."""
    return fleet


def pod(fleet: str, ordinal: int) -> str:
    """The name that the StatefulSet controller gives its pods."""
    return f"{stateful_set(fleet)}-{ordinal}"


def claim(fleet: str, ordinal: int) -> str:
    """The name that the StatefulSet controller gives the claim of a pod."""
    return f"{CLAIM_TEMPLATE}-{pod(fleet, ordinal)}"


def client_service(fleet: str) -> str:
    """The Service whose address GOPROXY names: http://team-a.build.svc:8080."""
    return fleet


def headless_service(fleet: str) -> str:
    """The Service that gives each pod a name: team-a-0.team-a-replicas.build.svc."""
    return f"{fleet}-replicas"


def replicas_host(fleet: str, namespace: str) -> str:
    """Return the name that resolves to the addresses of all replicas that serve."""
    return f"{headless_service(fleet)}.{namespace}.svc"


def service_account(fleet: str) -> str:
    """The account that pods run as."""
    return fleet


def account(fleet: str, namespace: str, named: str | None) -> str:
    """Return the account that a fleet's pods run as, as NAMESPACE/NAME; `named` is what the object says of it."""
    return f"{namespace}/{named or service_account(fleet)}"


def config_map(fleet: str) -> str:
    """The ConfigMap. The schema version is in its name, so that an older pod keeps the older map until its roll-out."""
    return f"{fleet}-config-v{SCHEMA_VERSION}"


def disruption_budget(fleet: str) -> str:
    """The PodDisruptionBudget."""
    return fleet


def autoscaler(fleet: str) -> str:
    """The HorizontalPodAutoscaler."""
    return fleet


def network_policy(fleet: str) -> str:
    """The NetworkPolicy."""
    return fleet


def ingress(fleet: str) -> str:
    """The Ingress."""
    return fleet


def http_route(fleet: str) -> str:
    """The Gateway API's HTTPRoute."""
    return fleet


def certificate(fleet: str) -> str:
    """The cert-manager Certificate."""
    return fleet


def service_monitor(fleet: str) -> str:
    """The ServiceMonitor."""
    return fleet


def prometheus_rule(fleet: str) -> str:
    """The PrometheusRule."""
    return fleet


def dashboard(fleet: str) -> str:
    """The ConfigMap with the fleet's dashboard."""
    return f"{fleet}-dashboard"


def scaled_object(fleet: str) -> str:
    """KEDA's ScaledObject. KEDA calls the autoscaler that it makes keda-hpa-team-a."""
    return fleet


def every_child(fleet: str) -> set[tuple[str, str]]:
    """Return kind and name of each child that an object may have, whatever it asks for now."""
    return {
        ("ServiceAccount", service_account(fleet)),
        ("ConfigMap", config_map(fleet)),
        ("ConfigMap", dashboard(fleet)),
        ("Service", headless_service(fleet)),
        ("Service", client_service(fleet)),
        ("StatefulSet", stateful_set(fleet)),
        ("PodDisruptionBudget", disruption_budget(fleet)),
        ("HorizontalPodAutoscaler", autoscaler(fleet)),
        ("NetworkPolicy", network_policy(fleet)),
        ("Ingress", ingress(fleet)),
        ("HTTPRoute", http_route(fleet)),
        ("Certificate", certificate(fleet)),
        ("ServiceMonitor", service_monitor(fleet)),
        ("PrometheusRule", prometheus_rule(fleet)),
        ("ScaledObject", scaled_object(fleet)),
    }


def endpoint(fleet: str, namespace: str, path_prefix: str, *, tls: bool) -> str:
    """Return what a client in the cluster puts into GOPROXY."""
    return f"{scheme(tls=tls)}://{client_service(fleet)}.{namespace}.svc:{HTTP_PORT_NUMBER}{path_prefix}"


def scheme(*, tls: bool) -> str:
    """Return the protocol that replicas speak to clients: both a URL's scheme and a port's appProtocol."""
    return "https" if tls else "http"


def selector(fleet: str) -> dict[str, str]:
    """Return the labels that select the fleet's pods. They are immutable in a StatefulSet."""
    return {FLEET_LABEL: fleet}


def labels(fleet: str) -> dict[str, str]:
    """Return the labels of children and pods, without the object's own: a tracking label would adopt the children."""
    return {
        FLEET_LABEL: fleet,
        "app.kubernetes.io/name": "goproxy",
        "app.kubernetes.io/instance": fleet,
        "app.kubernetes.io/component": "proxy",
        "app.kubernetes.io/managed-by": "goproxy-operator",
    }
