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
        (projected,) = (one["projected"] for one in pod(item)["volumes"] if one["name"] == "secrets")
        projected["sources"].append(content)

    return change


def peer_token(**values: Any) -> Change:
    """Another token than the one by which replicas prove themselves to each other."""

    def change(item: Object) -> None:
        (projected,) = (one["projected"] for one in pod(item)["volumes"] if one["name"] == "peer-token")
        projected["sources"][0]["serviceAccountToken"].update(values)

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


def probe(name: str, **values: Any) -> Change:
    return lambda item: container(item)[name].update(values)


def of_pod_security(**values: Any) -> Change:
    return lambda item: pod(item)["securityContext"].update(values)


def of_claim(**values: Any) -> Change:
    return lambda item: item["spec"]["volumeClaimTemplates"][0]["spec"].update(values)


def mount(index: int, **values: Any) -> Change:
    return lambda item: container(item)["volumeMounts"][index].update(values)


def endpoint(**values: Any) -> Change:
    return lambda item: item["spec"]["endpoints"][0].update(values)


def relabeling(field: str, **values: Any) -> Change:
    return lambda item: item["spec"]["endpoints"][0][field].append(values)


def rule(**values: Any) -> Change:
    return lambda item: item["spec"]["rules"][0].update(values)


def backend(**values: Any) -> Change:
    return lambda item: item["spec"]["rules"][0]["backendRefs"][0].update(values)


ONE = "one container, which runs modproxy"
RESTRICTED = "restricted Pod Security Standard"
NODE = "nothing of its node"
MOUNTS = "mounts its own ConfigMap"
LABELS = "labels of a fleet"
OWNER = "controls, and controlled before"
EMPTY = "claims are empty at first"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io"
ELSEWHERE = {"path": "/", "port": 80, "host": "192.0.2.1"}
WITH_HEADER = {"path": "/", "port": 80, "httpHeaders": [{"name": "Host", "value": "bank"}]}
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
    ("StatefulSet", "another home", of_container(env=[{"name": "HOME", "value": "/etc/modproxy"}]), ONE),
    ("StatefulSet", "a probe of another host", probe("livenessProbe", httpGet=ELSEWHERE), ONE),
    ("StatefulSet", "a probe of another host", probe("readinessProbe", httpGet=ELSEWHERE), ONE),
    ("StatefulSet", "a probe with a header", probe("livenessProbe", httpGet=WITH_HEADER), ONE),
    ("StatefulSet", "a probe by TCP", probe("livenessProbe", httpGet=None, tcpSocket={"port": 1}), ONE),
    ("StatefulSet", "a probe by gRPC", probe("readinessProbe", httpGet=None, grpc={"port": 1}), ONE),
    *(
        ("StatefulSet", f"{key} of {what}", change(**{key: value}), RESTRICTED)
        for what, change in (("a container", security), ("a pod", of_pod_security))
        for key, value in {
            "appArmorProfile": {"type": "Unconfined"},
            "seLinuxOptions": {"type": "spc_t"},
            "windowsOptions": {"runAsUserName": "ContainerAdministrator"},
        }.items()
    ),
    ("StatefulSet", "a pod of user 0", of_pod_security(runAsUser=0), RESTRICTED),
    ("StatefulSet", "sysctls", of_pod_security(sysctls=[{"name": "kernel.msgmax", "value": "1"}]), RESTRICTED),
    ("StatefulSet", "more groups", of_pod_security(supplementalGroups=[0]), RESTRICTED),
    (
        "StatefulSet",
        "no AppArmor by an annotation",
        lambda i: i["spec"]["template"]["metadata"].update(annotations={f"{APP_ARMOR}/modproxy": "unconfined"}),
        RESTRICTED,
    ),
    ("StatefulSet", "another runtime", of_pod(runtimeClassName="privileged"), NODE),
    ("StatefulSet", "a device", of_pod(resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]), NODE),
    ("StatefulSet", "the resolver of the node", of_pod(dnsPolicy="Default"), NODE),
    ("StatefulSet", "another scheduler", of_pod(schedulerName="other"), NODE),
    ("StatefulSet", "a ConfigMap elsewhere", mount(0, mountPath="/usr/local/bin"), MOUNTS),
    ("StatefulSet", "a cache over the programs", mount(1, mountPath="/usr/local/bin"), MOUNTS),
    ("StatefulSet", "a part of a volume", mount(1, subPath="a"), MOUNTS),
    ("StatefulSet", "another empty folder", volume(emptyDir={}), MOUNTS),
    ("StatefulSet", "claims of a selector", of_claim(selector={"matchLabels": {"a": "b"}}), EMPTY),
    ("StatefulSet", "claims of a device", of_claim(volumeMode="Block"), EMPTY),
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
    ("StatefulSet", "a token for another audience", peer_token(audience="vault"), MOUNTS),
    ("StatefulSet", "a token for the API server", peer_token(audience=None), MOUNTS),
    ("StatefulSet", "a token in another file", peer_token(path="ca.crt"), MOUNTS),
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
        "HorizontalPodAutoscaler",
        "a target of another API",
        lambda i: i["spec"]["scaleTargetRef"].update(apiVersion="apps.example.com/v1"),
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

CERTIFICATE = "Certificate of the operator's"
MONITOR = "ServiceMonitor of the operator's"
ROUTE = "HTTPRoute of the operator's"
KEY = {"name": "bank", "key": "token"}

# Of APIs that clusters have or have not.
REFUSED_OPTIONAL: list[tuple[str, str, Change, str]] = [
    *(
        ("Certificate", key, of_spec(**{key: value}), CERTIFICATE)
        for key, value in {
            "isCA": True,
            "keystores": {"jks": {"create": True}},
            "secretTemplate": {"labels": {"a": "b"}},
            "additionalOutputFormats": [{"type": "DER"}],
            "commonName": "admin",
            "literalSubject": "CN=admin",
            "ipAddresses": ["192.0.2.1"],
            "uris": ["spiffe://cluster.local/ns/bank"],
            "emailAddresses": ["a@example.com"],
            "otherNames": [{"oid": "1.3.6.1.4.1.311.20.2.3", "utf8Value": "admin"}],
        }.items()
    ),
    *(
        ("ServiceMonitor", key, endpoint(**{key: value}), MONITOR)
        for key, value in {
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "bearerTokenSecret": KEY,
            "basicAuth": {"password": KEY},
            "authorization": {"credentials": KEY},
            "oauth2": {"clientSecret": KEY},
            "sigv4": {"secretKey": KEY},
            "tlsConfig": {"keyFile": "/etc/prometheus/key"},
            "proxyUrl": "http://evil.example.com",
            "proxyConnectHeader": {"a": [KEY]},
            "proxyFromEnvironment": True,
            "honorLabels": True,
            "followRedirects": True,
        }.items()
    ),
    *(("ServiceMonitor", key, of_spec(**{key: ["a"]}), MONITOR) for key in ("targetLabels", "podTargetLabels")),
    ("ServiceMonitor", "jobLabel", of_spec(jobLabel="a"), MONITOR),
    *(
        ("ServiceMonitor", str(values), relabeling("relabelings", **values), MONITOR)
        for values in (
            {"targetLabel": "__address__", "replacement": "192.0.2.1:80"},
            {"targetLabel": "namespace", "replacement": "bank"},
            {"targetLabel": "job", "replacement": "bank"},
            {"targetLabel": "job", "sourceLabels": ["pod"], "replacement": "team-a"},
            {"action": "labelmap", "regex": "(.+)", "replacement": "__address__"},
            {"action": "labeldrop", "regex": "namespace"},
        )
    ),
    ("ServiceMonitor", "a label", relabeling("metricRelabelings", targetLabel="pod", replacement="bank"), MONITOR),
    ("HTTPRoute", "another kind", backend(kind="Bucket"), ROUTE),
    ("HTTPRoute", "another group", backend(group="example.com"), ROUTE),
    ("HTTPRoute", "a filter of a backend", backend(filters=[{"type": "RequestMirror"}]), ROUTE),
    ("HTTPRoute", "a filter", rule(filters=[{"type": "RequestRedirect"}]), ROUTE),
]
