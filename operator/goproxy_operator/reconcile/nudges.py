"""Which replicas have to be nudged to take a new config. Pure.

The kubelet looks at a ConfigMap's volume once in a minute or so, but at once when its pod changes: an annotation on the
pod is enough, and restarts nothing.
"""

from collections.abc import Iterable

from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.reconcile.facts import Replica


def nudges(namespace: str, replicas: Iterable[Replica], config_hash: str) -> list[Manifest]:
    """Return what is applied to the pods, after the ConfigMap: to each once in every config's time.

    A new pod has the newest config as a rule, but whether it had that before or after the ConfigMap changed cannot be
    known: its one nudge makes sure. By the uid no apply can make a pod.
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
        if replica.nudge != config_hash
    ]
