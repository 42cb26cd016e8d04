"""`cache.objectStore` of the config: the store that all replicas read and write."""

from goproxy_operator.api.object_store import ObjectStoreSpec
from goproxy_operator.desired.config.defaults import without_none
from modproxy.contract.config import ObjectStoreConfig

STORE_DIR = "/var/lib/modproxy/store"
"""Where the volume of `cache.objectStore.claimName` is mounted."""


def object_store_config(spec: ObjectStoreSpec | None) -> ObjectStoreConfig | None:
    """Return the section. A volume is a folder to the replica."""
    if spec is None:
        return None
    folder = f"file://{STORE_DIR}{f'/{spec.folder}' if spec.folder else ''}"
    section = {
        "url": spec.url or folder,
        "secretName": spec.secret_name,
        "endpoint": spec.endpoint,
        "region": spec.region,
    }
    return ObjectStoreConfig.model_validate(without_none(section))
