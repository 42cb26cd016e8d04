"""Children as the operator never makes them: what is changed of each, and how the API server refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
Change = Callable[[Object], object]


def pod(item: Object) -> Object:
    found: Object = item["spec"]["template"]["spec"]
    return found


def container(item: Object) -> Object:
    found: Object = pod(item)["containers"][0]
    return found


def volume(**content: Any) -> Change:
    return lambda item: pod(item)["volumes"].append({"name": "more", **content})


def source(**content: Any) -> Change:
    """One more source of the volume that a replica has its Secrets from."""

    def change(item: Object) -> None:
        (projected,) = (one["projected"] for one in pod(item)["volumes"] if "projected" in one)
        projected["sources"].append(content)

    return change


def secret(name: str, *keys: str) -> Change:
    return source(secret={"name": name, "items": [{"key": key, "path": f"{name}/{key}"} for key in keys]})


def of_pod(**values: Any) -> Change:
    return lambda item: pod(item).update(values)


def of_container(**values: Any) -> Change:
    return lambda item: container(item).update(values)


def of_spec(**values: Any) -> Change:
    return lambda item: item["spec"].update(values)


def of_metadata(**values: Any) -> Change:
    return lambda item: item["metadata"].update(values)


def security(**values: Any) -> Change:
    return lambda item: container(item)["securityContext"].update(values)


ONE = "one container, which runs modproxy"
RESTRICTED = "restricted Pod Security Standard"
NODE = "nothing of its node"
MOUNTS = "mounts its own ConfigMap"
LABELS = "labels of a fleet"
OWNER = "controls, and controlled before"
OTHER_OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "team-a", "uid": "u", "controller": True}

REFUSED: list[tuple[str, str, Change, str]] = [
    (
        "StatefulSet",
        "another image",
        of_container(image="evil.example.com/modproxy:1"),
        "image evil.example.com/modproxy",
    ),
    ("StatefulSet", "an image that only begins so", of_container(image="modproxy"), "image modproxy is not among"),
    ("StatefulSet", "another command", of_container(command=["sh"]), ONE),
    ("StatefulSet", "other arguments", of_container(args=["--config", "/tmp/x"]), ONE),
    ("StatefulSet", "no command", of_container(command=None), ONE),
    ("StatefulSet", "a sidecar", lambda i: pod(i)["containers"].append({"name": "b", "image": "modproxy:1"}), ONE),
    ("StatefulSet", "an init container", of_pod(initContainers=[{"name": "b", "image": "modproxy:1"}]), ONE),
    ("StatefulSet", "a variable", lambda i: container(i)["env"].append({"name": "LD_PRELOAD", "value": "x"}), ONE),
    (
        "StatefulSet",
        "a Secret in a variable",
        of_container(env=[{"name": "HOME", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]),
        ONE,
    ),
    ("StatefulSet", "all of a Secret", of_container(envFrom=[{"secretRef": {"name": "a"}}]), ONE),
    ("StatefulSet", "a hook", of_container(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}), ONE),
    ("StatefulSet", "a probe", of_container(startupProbe={"exec": {"command": ["sh"]}}), ONE),
    ("StatefulSet", "a probe that runs", of_container(livenessProbe={"exec": {"command": ["sh"]}}), ONE),
    ("StatefulSet", "privileged", security(privileged=True, allowPrivilegeEscalation=True), RESTRICTED),
    ("StatefulSet", "escalation", security(allowPrivilegeEscalation=True), RESTRICTED),
    ("StatefulSet", "root", security(runAsUser=0), RESTRICTED),
    ("StatefulSet", "perhaps root", security(runAsNonRoot=False), RESTRICTED),
    ("StatefulSet", "a capability", security(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), RESTRICTED),
    ("StatefulSet", "all capabilities", security(capabilities=None), RESTRICTED),
    ("StatefulSet", "unconfined", security(seccompProfile={"type": "Unconfined"}), RESTRICTED),
    ("StatefulSet", "unconfined pods", of_pod(securityContext={"runAsNonRoot": True}), RESTRICTED),
    (
        "StatefulSet",
        "a pod of root",
        of_pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}}),
        RESTRICTED,
    ),
    ("StatefulSet", "the network of the node", of_pod(hostNetwork=True), NODE),
    ("StatefulSet", "the processes of the node", of_pod(hostPID=True), NODE),
    ("StatefulSet", "the IPC of the node", of_pod(hostIPC=True), NODE),
    ("StatefulSet", "a node", of_pod(nodeName="control-plane"), NODE),
    ("StatefulSet", "other names", of_pod(hostAliases=[{"ip": "192.0.2.1", "hostnames": ["a"]}]), NODE),
    ("StatefulSet", "another resolver", of_pod(dnsPolicy="None", dnsConfig={"nameservers": ["192.0.2.1"]}), NODE),
    ("StatefulSet", "a port of the node", lambda i: container(i)["ports"][0].update(hostPort=8080), NODE),
    ("StatefulSet", "a path of the node", volume(hostPath={"path": "/"}), MOUNTS),
    ("StatefulSet", "all of a Secret as a volume", volume(secret={"secretName": "goproxy-git"}), MOUNTS),
    ("StatefulSet", "another ConfigMap", volume(configMap={"name": "of-another"}), MOUNTS),
    ("StatefulSet", "another claim", volume(persistentVolumeClaim={"claimName": "of-another"}), MOUNTS),
    ("StatefulSet", "a token", source(serviceAccountToken={"path": "t"}), MOUNTS),
    ("StatefulSet", "all keys", source(secret={"name": "goproxy-git"}), MOUNTS),
    ("StatefulSet", "another volume of Secrets", volume(projected={"sources": []}), MOUNTS),
    ("StatefulSet", "the labels of the pod", source(downwardAPI={"items": []}), MOUNTS),
    ("StatefulSet", "another key", secret("goproxy-git", "token"), MOUNTS),
    ("StatefulSet", "a driver's", volume(csi={"driver": "secrets.example.com"}), MOUNTS),
    ("StatefulSet", "another account", of_pod(serviceAccountName="admin"), "account admin is neither"),
    ("StatefulSet", "a mounted token", of_pod(automountServiceAccountToken=True), "or its token is mounted"),
    (
        "StatefulSet",
        "a copy of a claim",
        lambda i: i["spec"]["volumeClaimTemplates"][0]["spec"].update(
            dataSource={"kind": "PersistentVolumeClaim", "name": "of-another"}
        ),
        "claims are empty at first",
    ),
    (
        "Service",
        "an external name",
        lambda i: i.update(spec={"type": "ExternalName", "externalName": "a"}),
        "Service of",
    ),
    ("Service", "pods of others", of_spec(selector={"app": "bank"}), "leads to the replicas"),
    ("Service", "claimed addresses", of_spec(externalIPs=["192.0.2.1"]), "no address that is claimed"),
    ("NetworkPolicy", "pods of others", of_spec(podSelector={}), "select the replicas of their fleet"),
    ("PodDisruptionBudget", "pods of others", of_spec(selector={"matchLabels": {"app": "a"}}), "select the replicas"),
    (
        "HorizontalPodAutoscaler",
        "another target",
        of_spec(scaleTargetRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "bank"}),
        "scales the StatefulSet of its fleet",
    ),
    (
        "Ingress",
        "another Service",
        of_spec(defaultBackend={"service": {"name": "bank", "port": {"number": 80}}}),
        "leads to the Service",
    ),
    ("ServiceAccount", "a token", lambda i: i.update(automountServiceAccountToken=True), "has no token mounted"),
    *((kind, "no labels", of_metadata(labels={}), LABELS) for kind in ("ConfigMap", "StatefulSet", "Service")),
    ("ConfigMap", "no owner", of_metadata(ownerReferences=[]), OWNER),
    ("ConfigMap", "another owner", of_metadata(ownerReferences=[OTHER_OWNER]), OWNER),
    ("ConfigMap", "another name", of_metadata(name="coredns"), "the name of their fleet"),
    (
        "ConfigMap",
        "the label of another fleet",
        lambda i: i["metadata"]["labels"].update({"goproxy-operator.dev/fleet": "team-b"}),
        OWNER,
    ),
    *(
        ("ConfigMap", name, of_metadata(namespace=name), "no business in")
        for name in ("kube-system", "goproxy-operator")
    ),
]
