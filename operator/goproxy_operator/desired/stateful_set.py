"""The replicas and their claims."""

from collections.abc import Sequence

from goproxy_operator.api.cache import StorageSpec, WhenDeleted
from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child, without_empty
from goproxy_operator.quantity import canonical

DEFAULT_REPLICAS = 2
"""For an object without `replicas` and `autoscaling`: one replica may be down while the other serves."""
DEFAULT_STORAGE = "10Gi"
"""For an object without a size: room for the modules of a mid-sized company's builds."""
_READY_SECONDS = 5
"""How long a replica has to stay ready before a roll-out goes on."""


def claim_templates(goproxy: GoProxy) -> list[Manifest]:
    """Return the templates of the claims, none of an ephemeral cache. Their labels say whose a claim is after the fleet
    is gone.
    """
    storage = goproxy.spec.cache.storage or StorageSpec()
    if storage.ephemeral:
        return []
    spec = without_empty(
        {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": canonical(storage.size or DEFAULT_STORAGE)}},
            "storageClassName": storage.storage_class_name,
        }
    )
    fleet = goproxy.metadata.name
    return [{"metadata": {"name": names.CLAIM_TEMPLATE, "labels": names.labels(fleet)}, "spec": spec}]


def stateful_set(goproxy: GoProxy, claims: Sequence[Manifest], replicas: int | None, template: Manifest) -> Manifest:
    """Return the StatefulSet of pods of a template. `replicas` is None where an autoscaler owns the number."""
    fleet = goproxy.metadata.name
    storage = goproxy.spec.cache.storage or StorageSpec()
    spec = without_empty(
        {
            "replicas": replicas,
            "serviceName": names.headless_service(fleet),
            "podManagementPolicy": "Parallel",
            "minReadySeconds": _READY_SECONDS,
            "selector": {"matchLabels": names.selector(fleet)},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": (storage.when_deleted or WhenDeleted.RETAIN).value,
                "whenScaled": "Retain",
            },
            "template": template,
            "volumeClaimTemplates": list(claims),
        }
    )
    return child(goproxy, "apps/v1", "StatefulSet", names.stateful_set(fleet), {"spec": spec})
