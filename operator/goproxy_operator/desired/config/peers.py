"""`peers` of the config: how the replicas of a fleet find each other, and prove who they are."""

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.desired.config.defaults import without_none
from goproxy_operator.desired.kin import Kin
from modproxy.contract.config import PeersConfig, ProofConfig


def peers_config(goproxy: GoProxy, cluster: ClusterIssuer | None, kin: Kin) -> PeersConfig:
    """Return the section of a fleet in a cluster: the same for any number of replicas, also for one.

    Without `cluster` no token proves anybody.
    """
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    proof = {
        "issuer": cluster.issuer if cluster else None,
        "keys": cluster.keys if cluster else None,
        "peers": (names.account(fleet, namespace, goproxy.spec.pod.service_account_name),),
        "children": tuple(sorted({child.account for child in kin.children})),
    }
    return PeersConfig(
        listen=f":{names.PEERS_PORT_NUMBER}",
        host=names.replicas_host(fleet, namespace),
        port=names.PEERS_PORT_NUMBER,
        proof=ProofConfig.model_validate(without_none(proof)),
    )
