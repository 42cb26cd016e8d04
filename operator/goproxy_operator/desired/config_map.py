"""What the replicas are told, as files: the config, and the allowlist that the object names."""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config import ALLOWLIST_FILE, Placement, replica_config
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.desired.pod_template import CACHE_DIR, SHUTDOWN
from modproxy.contract.config import Imposed, config_hash, dump_config


@dataclass(frozen=True, slots=True)
class Documents:
    """The files of a replica. `allowlist` is None where the object names none."""

    config: str
    allowlist: str | None

    @property
    def hash(self) -> str:
        """Names them as a replica's report does."""
        return config_hash(self.config, self.allowlist)


def documents(goproxy: GoProxy, size_bytes: int, allowlist: str | None, imposed: Imposed | None = None) -> Documents:
    """Compute the files of every replica. `size_bytes` is the size of its claim, `imposed` what its class says."""
    place = Placement(
        listen=f":{names.HTTP_PORT_NUMBER}",
        admin=f":{names.ADMIN_PORT_NUMBER}",
        cache_dir=CACHE_DIR,
        fleet_id=goproxy.metadata.uid,
        size_bytes=size_bytes,
        shutdown=SHUTDOWN,
        imposed=imposed,
    )
    named = goproxy.spec.modules.allowlist_config_map_name is not None
    return Documents(dump_config(replica_config(goproxy, place)), (allowlist or "") if named else None)


def documents_of(live: Manifest) -> Documents:
    """Return the files of a fleet's ConfigMap as it is."""
    data = live.get("data", {})
    return Documents(data.get(names.CONFIG_KEY, ""), data.get(ALLOWLIST_FILE))


def config_map(goproxy: GoProxy, files: Documents) -> Manifest:
    """Return the ConfigMap that is mounted as a folder."""
    data = {names.CONFIG_KEY: files.config}
    made = child(goproxy, "v1", "ConfigMap", names.config_map(goproxy.metadata.name), {"data": data})
    if files.allowlist is not None:
        data[ALLOWLIST_FILE] = files.allowlist
        source = goproxy.spec.modules.allowlist_config_map_name
        made["metadata"]["annotations"][names.ALLOWLIST_SOURCE_ANNOTATION] = source
    return made
