"""Each trouble has a remedy of its own: by its reason, and by others' words about it."""

from __future__ import annotations

import pytest

from goproxy_operator.reconcile.decide.remedies import remedy

# The trouble, others' words, the reason that is told, words of what to do.
TABLE = [
    (
        "FailedCreate",
        "exceeded quota: q, requested: pods=1, limited: pods=1",
        "QuotaExceeded",
        "kubectl describe quota",
    ),
    ("FailedCreate", "failed quota: q: must specify limits.cpu for: modproxy", "QuotaExceeded", "spec.pod.resources"),
    ("FailedCreate", "no PriorityClass with name high was found", "PriorityClassNotFound", "priorityClassName"),
    (
        "FailedCreate",
        'error looking up service account build/x: serviceaccount "x" not found',
        "ServiceAccountNotFound",
        "spec.pod.serviceAccountName",
    ),
    ("FailedCreate", 'violates PodSecurity "restricted:latest": privileged', "PodSecurityViolation", "enforce"),
    (
        "FailedCreate",
        "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        "LimitRangeViolation",
        "LimitRange",
    ),
    (
        "FailedCreate",
        'failed calling webhook "x": context deadline exceeded',
        "AdmissionUnavailable",
        "cluster's to mend",
    ),
    ("FailedCreate", 'admission webhook "x" denied the request: no', "AdmissionDenied", "policy"),
    ("FailedCreate", "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no", "AdmissionDenied", "policy"),
    ("FailedCreate", "something else", "FailedCreate", "change what the API server refuses"),
    ("InvalidImageName", "", "InvalidImageName", "registry/name:tag"),
    ("ErrImageNeverPull", "", "ErrImageNeverPull", "onto the nodes"),
    ("ImagePullBackOff", 'failed to resolve reference "x": x: not found', "ImagePullBackOff", "push the tag"),
    ("ImagePullBackOff", "pull access denied, repository does not exist", "ImagePullBackOff", "imagePullSecrets"),
    (
        "ImagePullBackOff",
        "unexpected status from HEAD request: 401 Unauthorized",
        "ImagePullBackOff",
        "imagePullSecrets",
    ),
    ("ImagePullBackOff", "dial tcp: lookup r.example.com: no such host", "ImagePullBackOff", "DNS"),
    ("ImagePullBackOff", "tls: failed to verify certificate: x509: unknown authority", "ImagePullBackOff", "trust"),
    ("ImagePullBackOff", "no match for platform in manifest", "ImagePullBackOff", "architecture"),
    ("ImagePullBackOff", "429 Too Many Requests", "ImagePullBackOff", "mirror"),
    ("ImagePullBackOff", "", "ImagePullBackOff", "check that spec.image exists"),
    ("CreateContainerConfigError", 'secret "s" not found', "CreateContainerConfigError", "create the Secret"),
    ("CreateContainerConfigError", "couldn't find key a in ConfigMap b/c", "CreateContainerConfigError", "the key"),
    (
        "CreateContainerConfigError",
        "container has runAsNonRoot and image will run as root",
        "CreateContainerConfigError",
        "whose user is a number",
    ),
    ("CreateContainerError", "no command specified", "CreateContainerError", "modproxy's"),
    ("RunContainerError", "exec: modproxy: executable file not found in $PATH", "RunContainerError", "its program"),
    ("StartError", "exec /usr/bin/modproxy: exec format error", "StartError", "architecture"),
    ("OOMKilled", "the container used more than its memory limit of 64Mi", "OOMKilled", "limits.memory"),
    ("OOMKilled", "its node had no memory", "OOMKilled", "requests"),
    ("CrashLoopBackOff", "the container ended with exit code 1: x", "CrashLoopBackOff", "kubectl logs --previous"),
    ("CrashLoopBackOff", "the container ended with exit code 137; Liveness probe failed: x", "CrashLoopBackOff", "CPU"),
    ("Error", "the container ended with exit code 1: Permission denied: '/var/cache'", "Error", "fsGroup"),
    ("Error", "the container ended with exit code 1: no space left on device", "Error", "spec.cache.storage.size"),
    ("Evicted", "Usage of EmptyDir volume tmp exceeds the limit", "Evicted", "ephemeral-storage"),
    ("Evicted", "The node was low on resource: memory.", "Evicted", "requests.memory"),
    ("Evicted", "The node had condition: [DiskPressure].", "Evicted", "cluster's to mend"),
    ("Preempted", "", "Preempted", "priorityClassName"),
    ("NodeNotReady", "", "NodeNotReady", "kubectl delete node"),
    ("NodeLost", "", "NodeNotReady", "kubectl delete node"),
    ("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found', "StorageClassNotFound", "storageClassName"),
    (
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
        "NoStorageClass",
        "default",
    ),
    ("ProvisioningFailed", "rpc error: ResourceExhausted: no", "ProvisioningFailed", "free capacity"),
    ("ExternalProvisioning", "Waiting for a volume to be created", "VolumeNotProvisioned", "installed"),
    ("Unschedulable", "no node fits: Insufficient cpu", "Unschedulable", "resources.requests"),
    ("Unschedulable", "no node fits: node(s) had untolerated taint {a: b}", "Unschedulable", "tolerations"),
    (
        "Unschedulable",
        "no node fits: node(s) didn't match Pod's node affinity/selector",
        "Unschedulable",
        "nodeSelector",
    ),
    (
        "Unschedulable",
        "no node fits: node(s) didn't match pod affinity/anti-affinity rules",
        "Unschedulable",
        "affinity",
    ),
    ("Unschedulable", "no node fits: node(s) had volume node affinity conflict", "Unschedulable", "delete the claim"),
    (
        "Unschedulable",
        "no node fits: pod has unbound immediate PersistentVolumeClaims",
        "Unschedulable",
        "describe pvc",
    ),
    ("Unschedulable", "no node fits: node(s) were unschedulable", "Unschedulable", "uncordon"),
    ("FailedAttachVolume", 'Multi-Attach error for volume "v"', "FailedAttachVolume", "another node"),
    ("FailedMount", 'configmap "team-a-config-v1" not found', "FailedMount", "ConfigMap"),
    ("FailedMount", "driver name x not found in the list of registered CSI drivers", "FailedMount", "storage driver"),
    ("FailedCreatePodSandBox", "plugin failed", "FailedCreatePodSandBox", "network plugin"),
    ("Unhealthy", "Readiness probe failed: connect: connection refused", "Unhealthy", "8081"),
    ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "Unhealthy", "kubectl logs"),
    ("StuckTerminating", "on node a; it has finalizers: x", "StuckTerminating", "finalizer"),
    ("StuckTerminating", "on node a", "StuckTerminating", "--force"),
    ("Novel", "", "Novel", "kubectl describe pod"),
]


@pytest.mark.parametrize(("reason", "words", "told", "advice"), TABLE)
def test_remedy(reason: str, words: str, told: str, advice: str) -> None:
    found = remedy(reason, words)
    assert found.reason == told
    assert advice in found.advice


def test_what_has_to_be_mended_by_the_user_is_worse_than_what_may_pass() -> None:
    order = [
        "FailedCreate",
        "InvalidImageName",
        "ImagePullBackOff",
        "OOMKilled",
        "CrashLoopBackOff",
        "Unschedulable",
        "FailedMount",
        "NotReady",
        "Novel",
    ]
    weights = [remedy(reason, "").weight for reason in order]
    assert weights == sorted(weights)
