"""The volume of `cache.objectStore.claimName`, which all replicas mount. The claim is the user's own."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.config.object_store import STORE_DIR
from goproxy_operator.desired.manifest import Manifest

_VOLUME = "store"


def store_volumes(goproxy: GoProxy) -> list[Manifest]:
    """Return the volume, if the object names a claim."""
    store = goproxy.spec.cache.object_store
    if store is None or store.claim_name is None:
        return []
    return [{"name": _VOLUME, "persistentVolumeClaim": {"claimName": store.claim_name}}]


def store_mounts(goproxy: GoProxy) -> list[Manifest]:
    """Return the mount of `store_volumes`."""
    return [{"name": _VOLUME, "mountPath": STORE_DIR}] if store_volumes(goproxy) else []
