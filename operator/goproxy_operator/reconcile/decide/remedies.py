"""What to do about each trouble of a pod, of a claim or of the StatefulSet's controller: one table. Pure.

The first row whose reason is the trouble's, and whose words are among the trouble's, says in which word a condition
names the trouble, how bad it is beside others, and what to do. The order of the rows is that of the weight.
"""

import re
from dataclasses import dataclass

_CLUSTER = "this is the cluster's to mend"
_MOST_ADVICE = 2
"""More ways out of one trouble than people try."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a condition says of a trouble: its reason and what to do, and how heavy it is (0 is the heaviest)."""

    reason: str
    advice: str
    weight: int


def remedy(reason: str, words: str) -> Remedy:
    """Return what to do about a trouble with this reason and these words.

    A scheduler names each reason for which nodes do not fit, and any of them may be the one to mend.
    """
    found = [
        Remedy(named or reason, advice, weight)
        for weight, (reasons, pattern, named, advice) in enumerate(_ROWS)
        if reason in reasons.split() and re.search(pattern, words, re.IGNORECASE)
    ]
    if not found:
        return Remedy(reason, "look at `kubectl describe pod`", len(_ROWS))
    if reason not in _PLACES.split():
        return found[0]
    told = dict.fromkeys(one.advice for one in found[:-1][:_MOST_ADVICE] or found)
    return Remedy(found[0].reason, "; or ".join(told), found[0].weight)


def reasons() -> frozenset[str]:
    """Return every reason that a condition may have from this table."""
    return frozenset(named or own for written, _, named, _ in _ROWS for own in ([named] if named else written.split()))


def advice_about(reason: str) -> list[str]:
    """Return what is told to do about a reason, each advice once: which of them is told depends on others' words."""
    found = (
        advice for written, _, named, advice in _ROWS if reason == named or (not named and reason in written.split())
    )
    return list(dict.fromkeys(found))


_PULLS = "ImagePullBackOff"
_CRASHES = "CrashLoopBackOff Error"
_CREATE = "CreateContainerConfigError"
_CREATES = "CreateContainerError RunContainerError StartError ContainerCannotRun"
_MOUNT = "FailedMount FailedMapVolume"
_BINDING = "ProvisioningFailed FailedBinding VolumeMismatch"
_PLACES = "Unschedulable FailedScheduling SchedulerError"
_LOG = "look at `kubectl logs --previous` of the pod"
_MEMORY = "raise spec.pod.resources.limits.memory"

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    # Reasons of the trouble; what its words hold; the reason that is told, "" for the trouble's own; what to do.
    ("FailedCreate", r"exceeded quota|failed quota", "QuotaExceeded", "raise the ResourceQuota or free what uses it "
     "(`kubectl describe quota`), or write smaller spec.replicas, spec.pod.resources or spec.cache.storage.size"),
    ("FailedCreate", r"PriorityClass", "PriorityClassNotFound", "create that PriorityClass, or write another "
     "spec.pod.priorityClassName (`kubectl get priorityclass`)"),
    ("FailedCreate", r"serviceaccount|service account", "ServiceAccountNotFound", "create that ServiceAccount, or "
     "write another spec.pod.serviceAccountName"),
    ("FailedCreate", r"PodSecurity", "PodSecurityViolation", "let the namespace's label "
     "pod-security.kubernetes.io/enforce allow it, or take out of spec.pod what it forbids"),
    ("FailedCreate", r"(?:minimum|maximum) .* usage per|LimitRange|max limit to request ratio", "LimitRangeViolation",
     "write spec.pod.resources or spec.cache.storage.size within the namespace's LimitRange "
     "(`kubectl describe limitrange`)"),
    ("FailedCreate", r"failed calling webhook|timeout|timed out|context deadline", "AdmissionUnavailable",
     f"the admission webhook does not answer: {_CLUSTER}"),
    ("FailedCreate", r"webhook|ValidatingAdmissionPolicy|denied|forbidden", "AdmissionDenied",
     "ask who keeps that policy, or change what it refuses in spec.pod"),
    ("FailedCreate", r"", "", "change what the API server refuses"),
    ("InvalidImageName", r"", "", "write spec.image as registry/name:tag"),
    ("ErrImageNeverPull", r"", "", "load the image onto the nodes, or write a spec.image that can be pulled"),
    (_PULLS, r"unauthori[sz]ed|authentication required|auth\w* failed|denied|forbidden|\b40[13]\b|pull secret", "",
     "name a Secret of type kubernetes.io/dockerconfigjson in this namespace, which may read the image, in "
     "spec.pod.imagePullSecrets, and check the name of the image"),
    (_PULLS, r"no such host|lookup|i/o timeout|connection refused|connect:|TLS handshake|network is unreachable", "",
     "write a registry in spec.image that the nodes can reach, or mend its address, DNS or proxy on the nodes"),
    (_PULLS, r"x509|certificate|http: server gave HTTP response", "",
     "make the nodes' container runtime trust the registry's certificate"),
    (_PULLS, r"not found|manifest unknown|does not exist", "",
     "write a spec.image that exists: push the tag, or correct the name"),
    (_PULLS, r"no match for platform|exec format", "", "write a spec.image that is built for the nodes' architecture"),
    (_PULLS, r"toomanyrequests|rate limit|\b429\b", "",
     "wait, or name a Secret with an account in spec.pod.imagePullSecrets, or write a mirror in spec.image"),
    (_PULLS, r"no space left", "", f"the node's disk is full: {_CLUSTER}"),
    (_PULLS, r"signature", "", "write a spec.image whose signature the nodes' policy accepts"),
    (f"{_PULLS} ImageInspectError", r"", "",
     "check that spec.image exists, that the nodes reach its registry, and that spec.pod.imagePullSecrets may read it"),
    (_CREATE, r"runAsNonRoot|non-root|non-numeric", "",
     "write a spec.image whose user is a number other than 0, as that of modproxy's own image is"),
    (_CREATE, r"not found|couldn't find key|couldn't find", "",
     "create the Secret or ConfigMap, with the key, in this namespace"),
    (_CREATE, r"", "", "correct what the container's configuration names"),
    (_CREATES, r"executable file not found|no such file|not found in \$PATH", "",
     "write a spec.image that is modproxy's: this one does not have its program"),
    (_CREATES, r"exec format", "", "write a spec.image that is built for the nodes' architecture"),
    (_CREATES, r"", "", "write a spec.image that is modproxy's; if it is, the node's container runtime is at fault"),
    ("OOMKilled", r"its node had no memory", "",
     "write spec.pod.resources with memory requests that hold, so that the pod is put where there is memory"),
    ("OOMKilled", r"", "", _MEMORY),
    (_CRASHES, r"exec format", "", "write a spec.image that is built for the nodes' architecture"),
    (_CRASHES, r"liveness probe", "", f"the probe killed it: {_LOG}; give it more CPU in spec.pod.resources if slow"),
    (_CRASHES, r"permission denied|read-only file system|operation not permitted", "",
     "let the volume's file system be writable for its fsGroup (StorageClass, CSI driver), and check spec.image"),
    (_CRASHES, r"no space left", "", "raise spec.cache.storage.size"),
    (_CRASHES, r"exit code (?:137|143)\b", "",
     f"something killed it (a probe, the node, its memory): {_LOG} and `kubectl describe pod`"),
    (_CRASHES, r"exit code 127\b|exit code 126\b", "", "write a spec.image that is modproxy's"),
    (_CRASHES, r"", "", f"{_LOG}, and check spec.image"),
    ("Evicted", r"ephemeral|emptydir|usage of", "",
     "write spec.pod.resources with ephemeral-storage that holds, or ask for less in memory and on /tmp"),
    ("Evicted", r"memory", "", "write spec.pod.resources.requests.memory as high as what the pod uses"),
    ("Evicted", r"", "", f"the node is short of what the words name: {_CLUSTER}"),
    ("Preempted", r"", "", "write a spec.pod.priorityClassName that is higher, or add nodes"),
    ("DeadlineExceeded", r"", "", "take the activeDeadlineSeconds away that somebody has put on the pod"),
    ("OutOfcpu OutOfmemory OutOfpods OutOfephemeral UnexpectedAdmissionError NodeAffinity NodePorts NodeShutdown", r"",
     "", f"the node refused the pod, and another is made: if this lasts, {_CLUSTER}"),
    ("NodeNotReady NodeLost", r"", "NodeNotReady",
     "bring the node back, or delete it (`kubectl delete node`) if it is gone for good; a volume of that node's own "
     "disk goes with it, and then its claim has to be deleted too"),
    (_BINDING, r"storageclass\S* \"[^\"]*\" not found|storageclass.*not found", "StorageClassNotFound",
     "create that StorageClass; or delete the GoProxy and the claims, and write one that `kubectl get storageclass` "
     "shows as spec.cache.storage.storageClassName"),
    (_BINDING, r"no storage class is set", "NoStorageClass",
     "mark a StorageClass as the default one; or delete the GoProxy and the claims, and write "
     "spec.cache.storage.storageClassName"),
    (f"{_BINDING}", r"quota|exceed|out of capacity|not enough|no space|ResourceExhausted", "",
     "free capacity in the storage system, or write a smaller spec.cache.storage.size in a new GoProxy"),
    (_BINDING, r"", "", "mend what the provisioner of the StorageClass says, or use another StorageClass"),
    ("ExternalProvisioning", r"", "VolumeNotProvisioned",
     f"the provisioner of the StorageClass does not make the volume: is it installed, and does it run? {_CLUSTER}"),
    (_PLACES, r"volume node affinity conflict", "",
     "the claim's volume is in a zone or on a node that takes the pod no more: bring that node back, or delete the "
     "claim, which loses this replica's cache only"),
    (_PLACES, r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim.* not found|binding volumes", "",
     "look at `kubectl describe pvc`: its StorageClass or the provisioner does not make the volume"),
    (_PLACES, r"available persistent volumes to bind", "",
     "make a PersistentVolume that fits the claim, or use a StorageClass with a provisioner"),
    (_PLACES, r"max volume count", "", "add nodes: those there are can attach no more volumes"),
    (_PLACES, r"insufficient (?:cpu|memory|ephemeral-storage|pods)", "",
     "lower spec.pod.resources.requests, or add nodes"),
    (_PLACES, r"affinity/anti-affinity|anti-affinity|affinity rules", "",
     "change the affinity in spec.pod, or add nodes that it allows"),
    (_PLACES, r"node affinity/selector|node selector|didn't match Pod's node affinity", "",
     "change spec.pod.nodeSelector or the affinity, or label a node so"),
    (_PLACES, r"untolerated taint", "", "write the taint into spec.pod.tolerations, or take it off a node"),
    (_PLACES, r"topology spread", "", "add nodes in the zones that are short of replicas"),
    (_PLACES, r"no nodes available", "", "add nodes to the cluster"),
    (_PLACES, r"unschedulable", "", "uncordon a node (`kubectl uncordon`), or add nodes"),
    ("SchedulingGated", r"", "", "whoever put the scheduling gate on the pod has to take it away"),
    (_PLACES, r"", "", "change what of spec.pod the nodes do not meet, or add nodes"),
    ("FailedAttachVolume", r"Multi-Attach|already (?:used|attached|exclusively)", "",
     "the volume is still attached to another node: it is freed when the pod there is gone; delete the node if it is "
     "gone for good"),
    ("FailedAttachVolume", r"", "", f"mend what the storage driver says: {_CLUSTER}"),
    (_MOUNT, r"secret \"[^\"]*\" not found|references non-existent secret", "",
     "create that Secret, with the key, in this namespace"),
    (_MOUNT, r"configmap \"[^\"]*\" not found|references non-existent config", "",
     "wait until the operator has made the ConfigMap again; if this lasts, see its log"),
    (_MOUNT, r"driver name .* not found|not registered|CSINode", "",
     f"the storage driver does not run on that node: {_CLUSTER}"),
    (_MOUNT, r"", "", f"mend what the kubelet says of the volume: {_CLUSTER}"),
    ("FailedCreatePodSandBox NetworkNotReady", r"", "", f"the node's network plugin fails: {_CLUSTER}"),
    ("Unhealthy", r"connection refused|reset by peer|EOF|timeout|deadline|no route", "",
     "the pod does not answer its kubelet: look at `kubectl logs`, and whether a network policy keeps the kubelet from "
     "its port 8081"),
    ("Unhealthy", r"", "", "look at `kubectl logs` of the pod: it says why it is not ready"),
    ("ReadinessGatesNotReady", r"", "",
     "whoever put the readiness gate on the pod has to open it, such as a controller of load balancers"),
    ("StuckTerminating", r"finalizers", "", "whoever put the finalizer on the pod has to take it away"),
    ("StuckTerminating", r"", "", "bring its node back; if that is gone for good, `kubectl delete node`, or "
     "`kubectl delete pod --force` when it is certain that nothing of it runs"),
    ("VolumeNotBound", r"", "", "look at `kubectl describe pvc`"),
    ("Pending", r"", "", "no scheduler has taken the pod: is kube-scheduler up?"),
    ("ContainerCreating", r"", "",
     "the node pulls the image or makes the volume ready: `kubectl describe pod` shows which; if this lasts, "
     f"{_CLUSTER}"),
    ("NotReady", r"", "", "look at `kubectl logs` of the pod: it says why it is not ready"),
)  # fmt: skip
