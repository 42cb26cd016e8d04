"""The config document as a whole: its sections, and where a replica runs, which the object does not say."""

from dataclasses import dataclass, field

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.config.access import ClusterIssuer, access_config
from goproxy_operator.desired.config.audit import audit_config
from goproxy_operator.desired.config.cache import cache_config
from goproxy_operator.desired.config.defaults import without_none
from goproxy_operator.desired.config.hosted import hosted_config, sync_config
from goproxy_operator.desired.config.modules import modules_config
from goproxy_operator.desired.config.serving import tls_config
from goproxy_operator.desired.config.tracing import tracing_config
from goproxy_operator.desired.config.upstream import upstream_config
from goproxy_operator.quantity import size_in_bytes
from modproxy.contract.config import Config, Imposed, ParentConfig, PeersConfig, ShutdownConfig

CONFIG_FILE = "config.json"
"""The name of the document's file: in a cluster also its key in the ConfigMap."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Tells where a replica runs, which the object does not say.

    Addresses have the form of `modproxy.contract.fields.Listen`.
    """

    listen: str
    admin: str
    cache_dir: str
    fleet_id: str | None
    """Names the fleet in `Via`: the object's uid in a cluster, random elsewhere."""
    size_bytes: int | None
    """How much the cache may hold; None: what the file system holds."""
    shutdown: ShutdownConfig = field(default_factory=ShutdownConfig)
    secrets_dir: str | None = None
    """Where the replica finds the Secrets that the object names; None: the data plane's default."""
    hosts: tuple[str, ...] = ()
    """The hosts that clients may ask for; empty for any."""
    machine_settings: bool = False
    """Whether the machine's own HTTP proxy and logins count, as they do for its go command."""
    imposed: Imposed | None = None
    """What the fleet's class lets it serve."""
    cluster: ClusterIssuer | None = None
    """Who signs the tokens of the cluster's service accounts; None where that is not known."""
    peers: PeersConfig | None = None
    """How the replicas find each other; None: each is on its own."""
    parent: ParentConfig | None = None
    """The fleet that is asked before upstream, if there is one."""
    docs: str | None = None
    """Where clients read the folder docs of this repository; None: errors name no page."""


def storage_bytes(goproxy: GoProxy) -> int | None:
    """Return the size that the object gives the cache of each replica, if it does."""
    storage = goproxy.spec.cache.storage
    return size_in_bytes(storage.size) if storage is not None and storage.size is not None else None


def replica_config(goproxy: GoProxy, place: Placement) -> Config:
    """Compute the config of every replica of the fleet. What the object leaves out keeps the data plane's default."""
    spec = goproxy.spec
    document = {
        "id": place.fleet_id,
        "fleet": f"{goproxy.metadata.namespace}/{goproxy.metadata.name}",
        "docs": place.docs,
        "listen": place.listen,
        "admin": place.admin,
        "hosts": place.hosts,
        "pathPrefix": spec.expose.path_prefix,
        "secretsDir": place.secrets_dir,
        "tls": tls_config(spec.expose),
        "access": access_config(spec.access, place.cluster),
        "upstream": upstream_config(spec.upstream, machine_settings=place.machine_settings),
        "modules": modules_config(spec.modules, place.imposed),
        "cache": cache_config(spec.cache, place.cache_dir, place.size_bytes, place.parent),
        "hosted": hosted_config(spec.hosted),
        "sync": sync_config(spec.sync),
        "peers": place.peers,
        "audit": audit_config(spec.audit),
        "tracing": tracing_config(spec.monitoring.tracing),
        "shutdown": place.shutdown,
    }
    return Config.model_validate(without_none(document))
