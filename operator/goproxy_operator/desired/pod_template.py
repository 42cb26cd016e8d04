"""The pod of a replica. It passes the restricted Pod Security Standard."""

import posixpath
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.part import Part
from goproxy_operator.api.pod import PodSpec
from goproxy_operator.api.resources import ResourcesSpec
from goproxy_operator.api.toleration import Toleration
from goproxy_operator.desired import names
from goproxy_operator.desired.affinity import affinity
from goproxy_operator.desired.config.document import CONFIG_FILE
from goproxy_operator.desired.manifest import Manifest, without_empty
from goproxy_operator.desired.secrets import secrets_mounts, secrets_volumes
from goproxy_operator.desired.store_volume import store_mounts, store_volumes
from goproxy_operator.quantity import canonical, size_in_bytes
from modproxy.contract.config import PEER_AUDIENCE, PeersConfig, ShutdownConfig
from modproxy.contract.log_lines import TEXT
from modproxy.contract.spool import SPOOL_BYTES

SHUTDOWN = ShutdownConfig(delay=5.0, timeout=30.0)
"""The delay is longer than endpoints take to leave load balancers; the timeout is what a large zip takes."""
_GRACE_SECONDS = int(SHUTDOWN.delay + SHUTDOWN.timeout) + 15
"""Then files are brought to the disk, and the audit log to its receivers."""
_CONFIG_DIR = "/etc/modproxy"
_CACHE_MOUNT = "/var/cache/modproxy"
CACHE_DIR = f"{_CACHE_MOUNT}/modules"
"""Below the volume's root, where file systems keep folders of their own (lost+found)."""
_USER = 65532
_TMP_SIZE = f"{(SPOOL_BYTES >> 20) + 256}Mi"
"""The limit of the temporary folder. It is larger than the spool, because Kubernetes ends a pod that exceeds it."""
_DEFAULT_REQUESTS = {"cpu": "100m", "memory": "256Mi"}
"""The requests of a replica where the object says nothing. A pod without requests is the first to be evicted.

The memory is twice what a replica and the process that checks its zips take while a large project is fetched for the
first time (bench/README.md).
"""
_DEFAULT_LIMITS = {"memory": "1Gi"}
"""The limit where the object says nothing. It leaves room for what is bounded elsewhere: 256 MiB of large answers in
flight, and the go and git commands of version control. Processor time has no limit, because a limit makes clients wait
while the node has time to give.
"""
_EPHEMERAL_PERCENT = 110
_EPHEMERAL_ROOM = 2 << 30
"""The limit of an ephemeral cache is larger than the cache by so much, because Kubernetes ends a pod that exceeds it:
there are the blocks of small files, drafts, and the audit log's spool.
"""
_PEER_VOLUME = "peer-token"
_PEER_TOKEN: Manifest = {
    "name": _PEER_VOLUME,
    "projected": {
        "sources": [
            {
                "serviceAccountToken": {
                    "audience": PEER_AUDIENCE,
                    # The kubelet writes a new one after four fifths of the time.
                    "expirationSeconds": 3600,
                    "path": posixpath.basename(PeersConfig().token_file),
                }
            }
        ]
    },
}
"""What a replica proves itself with to the other replicas. It opens nothing else: of the API server it is no token."""
_START_SECONDS = 300
"""How long a replica may take to start before the kubelet starts it anew."""


def pod_template(
    goproxy: GoProxy,
    default_image: str,
    *,
    ephemeral_size: str | None = None,
    assigned_user: bool = False,
    log_format: str = TEXT,
) -> Manifest:
    """Return the template. Of the config it has only names of Secrets and claims, so that other changes roll no pod.

    With an `ephemeral_size` the cache of that size is on the node's disk, and not on a claim. With `assigned_user` it
    names no user and no group: the cluster gives each namespace its own.
    """
    fleet = goproxy.metadata.name
    pod = goproxy.spec.pod
    metadata = without_empty({"labels": {**(pod.labels or {}), **names.labels(fleet)}, "annotations": pod.annotations})
    spec = without_empty(
        {
            "serviceAccountName": pod.service_account_name or names.service_account(fleet),
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": _GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": True,
                **({} if assigned_user else {"runAsUser": _USER, "runAsGroup": _USER, "fsGroup": _USER}),
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(goproxy, default_image, log_format)],
            "volumes": [
                {"name": "config", "configMap": {"name": names.config_map(fleet)}},
                {"name": "tmp", "emptyDir": {"sizeLimit": _TMP_SIZE}},
                _PEER_TOKEN,
                *_ephemeral_cache(ephemeral_size),
                *store_volumes(goproxy),
                *secrets_volumes(goproxy),
            ],
            "topologySpreadConstraints": _spreading(goproxy),
            "nodeSelector": pod.node_selector,
            "affinity": affinity(pod),
            "tolerations": [_toleration(toleration) for toleration in pod.tolerations],
            "priorityClassName": pod.priority_class_name,
            "imagePullSecrets": [{"name": secret.name} for secret in pod.image_pull_secrets],
        }
    )
    return {"metadata": metadata, "spec": spec}


def _container(goproxy: GoProxy, default_image: str, log_format: str) -> Manifest:
    return {
        "name": names.CONTAINER,
        "image": goproxy.spec.image or default_image,
        "command": ["modproxy"],
        "args": ["--config", f"{_CONFIG_DIR}/{CONFIG_FILE}", *_log_arguments(log_format)],
        # The go command needs a home, and the root file system is read-only.
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - an emptyDir of the pod's own
        "ports": [
            {"name": names.HTTP_PORT, "containerPort": names.HTTP_PORT_NUMBER, "protocol": "TCP"},
            {"name": names.ADMIN_PORT, "containerPort": names.ADMIN_PORT_NUMBER, "protocol": "TCP"},
            {"name": names.PEERS_PORT, "containerPort": names.PEERS_PORT_NUMBER, "protocol": "TCP"},
        ],
        # A replica that starts is asked often, so that it serves soon, and is left the time that slow disks take.
        "startupProbe": {
            "httpGet": _admin("/-/healthz"),
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": _START_SECONDS,
        },
        "readinessProbe": {"httpGet": _admin("/-/readyz"), "periodSeconds": 5, "timeoutSeconds": 2},
        "livenessProbe": {
            "httpGet": _admin("/-/healthz"),
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 6,
        },
        "resources": _resources(goproxy.spec.pod),
        # The last lines of the log say why a replica ended: the pod's status has them, and the object tells them.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            # The mount is a folder, because a file that is mounted by subPath never changes.
            {"name": "config", "mountPath": _CONFIG_DIR, "readOnly": True},
            {"name": names.CLAIM_TEMPLATE, "mountPath": _CACHE_MOUNT},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir of the pod's own
            {"name": _PEER_VOLUME, "mountPath": posixpath.dirname(PeersConfig().token_file), "readOnly": True},
            *store_mounts(goproxy),
            *secrets_mounts(goproxy),
        ],
    }


def _ephemeral_cache(size: str | None) -> list[Manifest]:
    """Return the cache's volume, where it is no claim. It has the name that a claim's volume has."""
    if size is None:
        return []
    mebibytes = (size_in_bytes(size) * _EPHEMERAL_PERCENT // 100 + _EPHEMERAL_ROOM) >> 20
    return [{"name": names.CLAIM_TEMPLATE, "emptyDir": {"sizeLimit": canonical(f"{mebibytes}Mi")}}]


def _log_arguments(log_format: str) -> list[str]:
    """Name the format only where it is not the default: another argument rolls every fleet."""
    return [] if log_format == TEXT else ["--log-format", log_format]


def _admin(path: str) -> dict[str, Any]:
    return {"path": path, "port": names.ADMIN_PORT}


def _resources(pod: PodSpec) -> Manifest:
    resources = pod.resources or ResourcesSpec(requests=_DEFAULT_REQUESTS, limits=_DEFAULT_LIMITS)
    return without_empty({"requests": _canonical(resources.requests), "limits": _canonical(resources.limits)})


def _canonical(quantities: dict[str, str] | None) -> dict[str, str]:
    return {name: canonical(text) for name, text in (quantities or {}).items()}


def _toleration(toleration: Toleration) -> Manifest:
    return without_empty(_document(toleration))


def _spreading(goproxy: GoProxy) -> list[Manifest]:
    """Return how replicas are spread: as the object says, or over zones and nodes where there is room."""
    fleet, told = goproxy.metadata.name, goproxy.spec.pod.topology_spread_constraints
    if told is None:
        return [_spread(fleet, key) for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")]
    return [_spread(fleet, one.topology_key) | _document(one) for one in told]


def _document(part: Part) -> Manifest:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True)


def _spread(fleet: str, key: str) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": names.selector(fleet)},
    }
