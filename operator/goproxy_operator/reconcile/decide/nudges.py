"""Which replicas have to be nudged to take a new config. Pure.

The kubelet looks at a ConfigMap's volume once in a minute or so, but at once when the pod changes. An annotation on the
pod is enough for that, and restarts nothing.
"""

from collections.abc import Iterable

from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts


def nudges(namespace: str, replicas: Iterable[ReplicaFacts], config_hash: str, *, changed: bool) -> list[Manifest]:
    """Return what is applied to the pods, after the ConfigMap was. For one config a pod is nudged at most once.

    `changed` says that the ConfigMap has just become another. A new pod has the newest config as a rule, and is left in
    peace; if it took its files before the ConfigMap changed, its first report says so. The uid makes the API server
    reject the apply if the pod is gone.
    """
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": replica.name,
                "namespace": namespace,
                "uid": replica.uid,
                "annotations": {names.NUDGE_ANNOTATION: config_hash},
            },
        }
        for replica in replicas
        if replica.nudge != config_hash and _is_behind(replica, config_hash, changed)
    ]


def _is_behind(replica: ReplicaFacts, config_hash: str, changed: bool) -> bool:
    if replica.report is not None:
        return replica.report.config.hash != config_hash
    return changed or replica.nudge is not None
