"""Reasons that other tests bring about: those of the replica, of the operator against a real API server, and tables."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A row of docs/troubleshooting.md."""

    reason: str
    symptom: str
    condition: str
    remedy: str


_RESOURCES = (
    (
        "CPUWithheld",
        "the CPU limit keeps replicas from going on, for minutes",
        "raise `spec.pod.resources.limits.cpu`, or leave the limit out and keep the request",
    ),
    (
        "CPUShort",
        "replicas wait for a free CPU of their node, for minutes",
        "raise `spec.pod.resources.requests.cpu`, or add replicas",
    ),
    (
        "MemoryShort",
        "replicas are near their memory limit, or wait for memory, for minutes",
        "raise `spec.pod.resources.limits.memory`, and the request with it",
    ),
    (
        "DiskSlow",
        "replicas wait for their disk, for minutes",
        "use a faster StorageClass (`spec.cache.storage.storageClassName`), or add replicas",
    ),
    (
        "DescriptorsShort",
        "replicas have nearly as many open files and connections as they may",
        "raise the limit of open files of the nodes' container runtime, or add replicas",
    ),
    (
        "EventLoopBusy",
        "replicas are too busy to answer at once, for minutes",
        "add replicas, or raise `spec.pod.resources.requests.cpu`",
    ),
)
OTHERS = [
    *(Row(reason, symptom, "Slow", remedy) for reason, symptom, remedy in _RESOURCES),
    Row(
        "AuditReceiverFails",
        "the receiver of the audit log takes nothing; the records wait on the replicas' disks",
        "AuditDelivered",
        "do what the message says of the URL, the login in the Secret, the index, or the way to it",
    ),
    Row(
        "AuditRecordsLost",
        "audit records were dropped: the spool is full, a disk takes nothing, or the index rejects them",
        "AuditDelivered",
        "mend the receiver or its mapping; a larger `cache.storage.size` makes the spool larger",
    ),
    Row(
        "CacheDiskFull",
        "a replica stores nothing more: its volume is full, read-only or fails",
        "DiskPressure",
        "write a larger `cache.storage.size`; the message has the words of the file system",
    ),
    Row(
        "ClassInvalid",
        "the GoProxyClass of the fleet cannot be read",
        "Stalled",
        "whoever keeps the class mends what the message names",
    ),
    Row(
        "ClusterKeysUnknown",
        "tokens of service accounts prove nobody, because the cluster's public keys are not known",
        "AccessReady",
        "let the operator read `/openid/v1/jwks` and `/.well-known/openid-configuration`; its log says what is refused",
    ),
    Row(
        "ConfigRefused",
        "a replica does not take its config, or its certificate",
        "ConfigSynced",
        "most often the image is older than the operator: remove `spec.image`, or name a newer one",
    ),
    Row(
        "ObjectStoreUnusable",
        "the object store cannot be read or written; what is new waits on the replicas' disks",
        "ObjectStoreReady",
        "do what the message says of the bucket, the login in the Secret, or the way to it",
    ),
    Row(
        "ParentHasTooManyChildren",
        "the parent has as many children as one fleet may have",
        "ParentReady",
        "name another parent, such as one between the two",
    ),
    Row(
        "ParentLoop",
        "the parents lead back to the fleet itself; none of them is used",
        "ParentReady",
        "remove `cache.parent` of one of the fleets that the message names",
    ),
    Row(
        "ParentNotConsenting",
        "the GoProxy of `cache.parent` does not let this fleet ask it; upstream is asked at once",
        "ParentReady",
        "whoever keeps the parent writes `access.children` there, as the message says",
    ),
    Row(
        "ParentNotFound",
        "there is no GoProxy of the name and namespace of `cache.parent`; upstream is asked at once",
        "ParentReady",
        "mend the name or `namespace`, or make the parent",
    ),
    Row(
        "ParentTooDeep",
        "too many parents are one above the other; the last tie is not used",
        "ParentReady",
        "name a parent that is further up",
    ),
    Row(
        "ParentUnavailable",
        "the parent does not answer the replicas, or refuses them; upstream is asked at once",
        "ParentReady",
        "look at the parent's own conditions; the message says what the replicas see",
    ),
    Row(
        "PeersUnreachable",
        "replicas of the fleet do not reach each other for minutes; each asks upstream by itself",
        "PeersReady",
        "look for a NetworkPolicy of your own that keeps port 8082 from the fleet's pods, and do what the message says",
    ),
    Row(
        "HostKeyRefused",
        "the key of an ssh host is another than known_hosts has",
        "UpstreamReachable",
        "compare the key that the host publishes, and put it under known_hosts into the Secret",
    ),
    Row(
        "InForceWithWarnings",
        "something of the config has no effect, or soon ends",
        "ConfigSynced",
        "do what the message says; the config is in force",
    ),
    Row(
        "InvalidSpec",
        "the object has what the operator cannot carry out, and the API server took it",
        "Stalled",
        "write what the message says; what was accepted last stays in force",
    ),
    Row(
        "NoMetricsProvider",
        "`autoscaling` in a cluster where nobody tells the rate",
        "AutoscalingActive",
        "set the chart's `externalMetrics.enabled`, or install KEDA or an adapter",
    ),
    Row(
        "NoRoom",
        "a replica has no room for the work of version control",
        "UpstreamReachable",
        "free disk space on the node, or write a larger `cache.storage.size`",
    ),
    Row(
        "OperatorFault",
        "the operator fails at this object, by a fault of its own",
        "Stalled",
        "report it with the operator's log; what runs is left as it is, and the operator tries again",
    ),
    Row(
        "ReportRefused",
        "what answers as a replica is none, or has figures that no replica has",
        "ConfigSynced",
        "look at `spec.image`: it is another program",
    ),
    Row(
        "SignatureRefused",
        "a checksum database gives answers that its key has not signed",
        "UpstreamReachable",
        "compare name and key in `spec.upstream.gosumdb` with what the database publishes",
    ),
    Row(
        "StorageImmutable",
        "the claims cannot come from another StorageClass, such as a new default of the fleet's class",
        "Stalled",
        "write the StorageClass of the claims again, or make a new GoProxy with another name",
    ),
    Row(
        "StorageNotProvisioned",
        "a claim waits for a volume of a size or class that is not asked for any more",
        "Stalled",
        "delete the claim and its pod: both come back as they are asked for now",
    ),
    Row(
        "VersionsMissing",
        "versions of modules that are kept complete (`spec.sync`) are not held",
        "ModulesSynced",
        "do what the message says of the server, or give the cache more room; the next run tries again",
    ),
]
