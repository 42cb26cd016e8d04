"""Says what a kubelet, a scheduler, a provisioner and a resizer would do next about an object. Pure."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

DRIVER = "volumes.goproxy-operator.test"
STORAGE_CLASS = "standard"


@dataclass(frozen=True)
class Request:
    """One call to the API server."""

    method: str
    path: str
    body: Object
    content_type: str = "application/json"


def cluster_objects(nodes: Sequence[str]) -> list[Request]:
    """What a cluster has before any pod: nodes, each in a zone of its own, and a default class of volumes that grow."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": DRIVER,
        "allowVolumeExpansion": True,
    }
    return [
        Request("POST", "/apis/storage.k8s.io/v1/storageclasses", storage_class),
        *(
            Request("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": _node_metadata(name)})
            for name in nodes
        ),
    ]


def pod_step(
    pod: Object,
    nodes: Sequence[str],
    pod_ip: Callable[[Object], str],
    is_ready: Callable[[Object], bool],
    now: datetime.datetime,
) -> Request | None:
    """The next call for a pod: delete it if it is to go, bind it to a node, say that it runs; None if all is done.

    A pod keeps the address that it got first.
    """
    metadata, status = pod["metadata"], pod.get("status", {})
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    if "deletionTimestamp" in metadata:
        return Request("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
    if status.get("phase") in ("Succeeded", "Failed"):
        return None
    if not pod["spec"].get("nodeName"):
        target = {"apiVersion": "v1", "kind": "Node", "name": nodes[_digest(metadata["name"]) % len(nodes)]}
        return Request("POST", f"{path}/binding", _binding(metadata, target))
    ready = is_ready(pod)
    if status.get("phase") == "Running" and _says_ready(status) == ready:
        return None
    patch = _same(pod) | {"status": _running(pod, status.get("podIP") or pod_ip(pod), ready, now)}
    return Request("PATCH", f"{path}/status", patch, "application/strategic-merge-patch+json")


def claim_steps(claim: Object) -> list[Request]:
    """The next calls for a volume claim: make the volume that it waits for, or grow the one that it has."""
    metadata, spec, status = claim["metadata"], claim["spec"], claim.get("status", {})
    wanted = spec["resources"]["requests"]["storage"]
    if "deletionTimestamp" in metadata or not spec.get("storageClassName"):
        return []
    if status.get("phase") == "Pending" and not spec.get("volumeName"):
        return [Request("POST", "/api/v1/persistentvolumes", _volume(claim, wanted))]
    # The API server writes quantities in one form only, so another text is another size; it refuses a smaller size.
    if status.get("phase") == "Bound" and status["capacity"]["storage"] != wanted:
        path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}/status"
        merge = "application/merge-patch+json"
        grown = {"capacity": {"storage": wanted}}
        return [
            Request("PATCH", f"/api/v1/persistentvolumes/{spec['volumeName']}", {"spec": grown}, merge),
            Request("PATCH", path, _same(claim) | {"status": grown}, merge),
        ]
    return []


def claim_gone(claim: Object) -> Request:
    """The call for a claim that is deleted, which deletes its volume too."""
    return Request("DELETE", f"/api/v1/persistentvolumes/{_volume_name(claim)}", {})


def address_of_its_own(pod: Object) -> str:
    """An address of 127.64.0.0/10 for a pod, always the same. Packets to it never leave this machine."""
    return str(ipaddress.IPv4Address("127.64.0.0") + 1 + _digest(pod["metadata"]["uid"]) % (2**22 - 2))


def _same(item: Object) -> Object:
    """The part of a patch that lets it fail on another object of the same name, such as a StatefulSet's next pod."""
    return {"metadata": {"uid": item["metadata"]["uid"]}}


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _node_metadata(name: str) -> Object:
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/zone": f"zone-{name}",
    }
    return {"name": name, "labels": labels}


def _binding(metadata: Object, target: Object) -> Object:
    about = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
    return {"apiVersion": "v1", "kind": "Binding", "metadata": about, "target": target}


def _says_ready(status: Object) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", []))


def _running(pod: Object, address: str, ready: bool, now: datetime.datetime) -> Object:
    moment = now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    containers = pod.get("status", {}).get("containerStatuses") or [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "restartCount": 0,
            "started": True,
            "state": {"running": {"startedAt": moment}},
        }
        for container in pod["spec"]["containers"]
    ]
    conditions = [("Initialized", True), ("ContainersReady", ready), ("Ready", ready)]
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": pod.get("status", {}).get("startTime", moment),
        "containerStatuses": [container | {"ready": ready} for container in containers],
        # Merged by type with those that are there.
        "conditions": [
            {"type": kind, "status": str(holds), "lastTransitionTime": moment} for kind, holds in conditions
        ],
    }


def _volume_name(claim: Object) -> str:
    return str(claim["spec"].get("volumeName") or f"pvc-{claim['metadata']['uid']}")


def _volume(claim: Object, size: str) -> Object:
    metadata, spec = claim["metadata"], claim["spec"]
    name = _volume_name(claim)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}},
        "spec": {
            "capacity": {"storage": size},
            "accessModes": spec["accessModes"],
            "volumeMode": spec["volumeMode"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": DRIVER, "volumeHandle": name},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }
