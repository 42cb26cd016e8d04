"""The ConfigMap with the files of the replicas: the config, and the allowlist that the object names."""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.desired.config.document import CONFIG_FILE, Placement, replica_config
from goproxy_operator.desired.config.modules import ALLOWLIST_FILE
from goproxy_operator.desired.config.parent import parent_config
from goproxy_operator.desired.config.peers import peers_config
from goproxy_operator.desired.kin import NO_KIN, Kin
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.desired.pod_template import CACHE_DIR, SHUTDOWN
from modproxy.contract.config import Imposed, config_hash, dump_config


@dataclass(frozen=True, slots=True)
class ConfigDocuments:
    """Holds the files that tell a replica its config. `allowlist` is None where the object names no ConfigMap."""

    config: str
    allowlist: str | None

    @property
    def hash(self) -> str:
        """The name of these files in a replica's report."""
        return config_hash(self.config, self.allowlist)


def documents(
    goproxy: GoProxy,
    size_bytes: int,
    allowlist: str | None,
    imposed: Imposed | None = None,
    cluster: ClusterIssuer | None = None,
    *,
    kin: Kin = NO_KIN,
    docs: str = "",
) -> ConfigDocuments:
    """Compute the files of every replica. `size_bytes` is the size of its cache, `imposed` what the class says,
    `cluster` who signs the tokens of service accounts, and `kin` the other fleets that the fleet is tied to. `docs` is
    where people read the folder docs of this repository. Clients are told of a URL only: they have no such folder.
    """
    place = Placement(
        listen=f":{names.HTTP_PORT_NUMBER}",
        admin=f":{names.ADMIN_PORT_NUMBER}",
        cache_dir=CACHE_DIR,
        fleet_id=goproxy.metadata.uid,
        size_bytes=size_bytes,
        shutdown=SHUTDOWN,
        imposed=imposed,
        cluster=cluster,
        peers=peers_config(goproxy, cluster, kin),
        parent=parent_config(kin),
        docs=docs if "://" in docs else None,
    )
    named = goproxy.spec.modules.allowlist_config_map_name is not None
    return ConfigDocuments(dump_config(replica_config(goproxy, place)), (allowlist or "") if named else None)


def documents_of(live: Manifest) -> ConfigDocuments:
    """Return the files that the live ConfigMap of a fleet holds."""
    data = live.get("data", {})
    return ConfigDocuments(data.get(CONFIG_FILE, ""), data.get(ALLOWLIST_FILE))


def config_map(goproxy: GoProxy, files: ConfigDocuments) -> Manifest:
    """Return the ConfigMap that is mounted as a folder."""
    data = {CONFIG_FILE: files.config}
    made = child(goproxy, "v1", "ConfigMap", names.config_map(goproxy.metadata.name), {"data": data})
    if files.allowlist is not None:
        data[ALLOWLIST_FILE] = files.allowlist
        source = goproxy.spec.modules.allowlist_config_map_name
        made["metadata"]["annotations"][names.ALLOWLIST_SOURCE_ANNOTATION] = source
    return made
