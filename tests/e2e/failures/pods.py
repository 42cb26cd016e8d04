"""Failures of pods: images, places, memory, admission, volumes."""

from __future__ import annotations

from typing import Any

from tests.e2e import nodes
from tests.e2e.failures.failure import Failure
from tests.e2e.failures.scene import POD, Scene
from tests.e2e.waiting import until
from tests.kubernetes.docker_daemon import POD_IMAGE
from tests.kubernetes.kind_cluster import CommandError

READY = "Ready"
NO_IMAGE = "nowhere.test/none:1"
FOREIGN_DRIVER = "nowhere.csi.example.com"


def _pod(**fields: Any) -> dict[str, Any]:
    return {"pod": fields}


def _quota(scene: Scene) -> None:
    scene.apply("v1", "ResourceQuota", "few", spec={"hard": {"pods": "0"}})
    scene.fleet()


def _limit_range(scene: Scene) -> None:
    limits = [{"type": "Container", "max": {"memory": "64Mi"}}]
    scene.apply("v1", "LimitRange", "small", spec={"limits": limits})
    scene.fleet()


def _admission(scene: Scene) -> None:
    """A policy of the cluster that refuses the namespace's pods."""
    name = f"no-pods-in-{scene.space.name}"[:60]
    kind = "ValidatingAdmissionPolicy"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    validations = [{"expression": "false", "message": "pods of this namespace need the cost centre's approval"}]
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": scene.space.name}}
    spec = {
        "matchConstraints": {"resourceRules": [rule], "namespaceSelector": chosen},
        "validations": validations,
    }
    scene.apply_wide("admissionregistration.k8s.io/v1", kind, name, spec=spec)
    binding = {"policyName": name, "validationActions": ["Deny"]}
    scene.apply_wide("admissionregistration.k8s.io/v1", f"{kind}Binding", name, spec=binding)
    until(lambda: _pod_refused(scene), "the policy is in force", seconds=30)
    scene.fleet()


def _pod_refused(scene: Scene) -> bool:
    try:
        scene.space.kubectl("run", "try", "--image=nowhere.test/none:1", "--dry-run=server")
    except CommandError as refused:
        return "cost centre" in str(refused)
    return False


def _driver_is_not_there(scene: Scene) -> None:
    """The claim has a volume of a driver that runs on no node."""
    volume = f"{scene.space.name}-volume"[:60]
    size = {"storage": "1Gi"}
    scene.apply_wide("storage.k8s.io/v1", "CSIDriver", FOREIGN_DRIVER, spec={"attachRequired": False})
    source = {"csi": {"driver": FOREIGN_DRIVER, "volumeHandle": volume}}
    modes = ["ReadWriteOnce"]
    spec = {"capacity": size, "accessModes": modes, "storageClassName": "", "persistentVolumeReclaimPolicy": "Delete"}
    scene.apply_wide("v1", "PersistentVolume", volume, spec=spec | source)
    claim = {"accessModes": modes, "storageClassName": "", "volumeName": volume, "resources": {"requests": size}}
    labels = {"goproxy-operator.dev/fleet": "team"}
    scene.space.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": f"cache-{POD}", "labels": labels},
            "spec": claim,
        }
    )
    scene.fleet(cache={"storage": {"size": "1Gi"}})


def _frozen(scene: Scene) -> None:
    """The process stands still, so that no probe is answered."""
    scene.serving()
    nodes.freeze_pod(scene.space.cluster, scene.space.get("pod", POD), "modproxy")


def _no_provisioner(scene: Scene) -> None:
    name = f"nobody-{scene.space.name}"[:60]
    scene.apply_wide("storage.k8s.io/v1", "StorageClass", name, provisioner="nowhere.example.com/none")
    scene.fleet(cache={"storage": {"size": "1Gi", "storageClassName": name}})


PODS = [
    Failure(
        "image-cannot-be-pulled",
        "the image does not exist, or no node may pull it",
        READY,
        "ImagePullBackOff",
        f"{POD}: ImagePullBackOff: .*nowhere.test/none",
        "spec.image",
        "write a `spec.image` that the nodes can pull; a login for it goes into `spec.pod.imagePullSecrets`",
        lambda scene: scene.fleet(image=NO_IMAGE),
    ),
    Failure(
        "image-is-another-program",
        "the image is not modproxy's",
        READY,
        "RunContainerError|StartError|CrashLoopBackOff",
        f"{POD}: .*modproxy",
        "write a spec.image that is modproxy's",
        "write modproxy's own image, or remove `spec.image`",
        lambda scene: scene.fleet(image=POD_IMAGE),
    ),
    Failure(
        "too-little-cpu",
        "no node has the processor time or the memory that a replica asks for",
        READY,
        "Unschedulable",
        f"{POD}: Unschedulable: .*Insufficient cpu",
        "lower spec.pod.resources.requests, or add nodes",
        "lower `spec.pod.resources.requests`, or add nodes",
        lambda scene: scene.fleet(**_pod(resources={"requests": {"cpu": "999"}})),
    ),
    Failure(
        "no-node-has-the-label",
        "no node has the labels that `nodeSelector` or `affinity` want",
        READY,
        "Unschedulable",
        "didn't match Pod's node affinity/selector",
        "change spec.pod.nodeSelector or the affinity, or label a node so",
        "change `spec.pod.nodeSelector`, or label a node",
        lambda scene: scene.fleet(**_pod(nodeSelector={"example.com/disk": "fast"})),
    ),
    Failure(
        "tainted-nodes",
        "the nodes that are left have taints",
        READY,
        "Unschedulable",
        "untolerated taint",
        "write the taint into spec.pod.tolerations, or take it off a node",
        "write the taint into `spec.pod.tolerations`, or take it off a node",
        lambda scene: scene.fleet(**_pod(nodeSelector={"node-role.kubernetes.io/control-plane": ""})),
    ),
    Failure(
        "too-little-memory",
        "the container uses more memory than its limit, again and again",
        READY,
        "OOMKilled",
        f"{POD}: OOMKilled: the container used more than its memory limit of 24Mi",
        "raise spec.pod.resources.limits.memory",
        "raise `spec.pod.resources.limits.memory`",
        lambda scene: scene.fleet(**_pod(resources={"limits": {"memory": "24Mi"}})),
        seconds=45,
    ),
    Failure(
        "quota",
        "a ResourceQuota of the namespace is used up",
        READY,
        "QuotaExceeded",
        "team: QuotaExceeded: .*exceeded quota: few",
        "raise the ResourceQuota or free what uses it",
        "raise the ResourceQuota, or free what uses it",
        _quota,
    ),
    Failure(
        "limit-range",
        "a LimitRange of the namespace forbids what a replica asks for",
        READY,
        "LimitRangeViolation",
        "maximum memory usage per Container is 64Mi",
        "within the namespace's LimitRange",
        "write `spec.pod.resources` within the namespace's LimitRange",
        _limit_range,
    ),
    Failure(
        "priority-class-is-not-there",
        "the PriorityClass does not exist",
        READY,
        "PriorityClassNotFound",
        "no PriorityClass with name nowhere was found",
        "create that PriorityClass, or write another",
        "create the PriorityClass, or write another `spec.pod.priorityClassName`",
        lambda scene: scene.fleet(**_pod(priorityClassName="nowhere")),
    ),
    Failure(
        "account-is-not-there",
        "the ServiceAccount does not exist",
        READY,
        "ServiceAccountNotFound",
        'serviceaccount "nobody" not found',
        "create that ServiceAccount, or write another",
        "create the ServiceAccount, or remove `spec.pod.serviceAccountName`",
        lambda scene: scene.fleet(**_pod(serviceAccountName="nobody")),
    ),
    Failure(
        "admission-refuses-pods",
        "a policy or a webhook of the cluster refuses the pods",
        READY,
        "AdmissionDenied",
        "need the cost centre's approval",
        "ask who keeps that policy",
        "ask who keeps the policy that the message names",
        _admission,
    ),
    Failure(
        "secret-of-tls-is-not-there",
        "the Secret with the certificate does not exist",
        "CredentialsReady|Ready",
        "FailedMount|SecretUnusable",
        "nobody-has-it",
        "Secret",
        "create the Secret with tls.crt and tls.key, or let cert-manager write it",
        lambda scene: scene.fleet(expose={"tls": {"secretName": "nobody-has-it"}}),
        seconds=60,
    ),
    Failure(
        "process-stands-still",
        "the replica does not answer its probes",
        READY,
        "Unhealthy",
        f"{POD}: Unhealthy: .*probe failed",
        "look at `kubectl logs`",
        "look at the pod's log and its processor time; a NetworkPolicy of somebody else may keep the kubelet out",
        _frozen,
        seconds=90,
    ),
    Failure(
        "storage-class-is-not-there",
        "the StorageClass does not exist",
        READY,
        "StorageClassNotFound",
        '"nowhere" not found',
        "create that StorageClass; or delete the GoProxy",
        "create the StorageClass, or make the GoProxy anew with one that exists",
        lambda scene: scene.fleet(cache={"storage": {"size": "1Gi", "storageClassName": "nowhere"}}),
    ),
    Failure(
        "nobody-makes-the-volume",
        "the StorageClass has a provisioner that does not run",
        READY,
        "VolumeNotProvisioned",
        "nowhere.example.com/none",
        "the provisioner of the StorageClass does not make the volume",
        "install the provisioner, or use another StorageClass",
        _no_provisioner,
        seconds=45,
    ),
    Failure(
        "volume-cannot-be-mounted",
        "the driver of the volume does not run on the node",
        READY,
        "FailedMount",
        f"{FOREIGN_DRIVER} not found",
        "the storage driver does not run on that node",
        "install the driver on the nodes",
        _driver_is_not_there,
        seconds=60,
    ),
]
