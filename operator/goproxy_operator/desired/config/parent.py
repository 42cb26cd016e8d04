"""`cache.parent` of the config: the fleet that is asked before upstream."""

from goproxy_operator.desired import names
from goproxy_operator.desired.kin import Kin
from modproxy.contract.config import ParentConfig


def parent_config(kin: Kin) -> ParentConfig | None:
    """Return the section; None where the fleet has no parent that it may ask."""
    parent = kin.parent
    if parent is None:
        return None
    host = f"{names.client_service(parent.name)}.{parent.namespace}.svc"
    return ParentConfig(url=f"http://{host}:{names.PEERS_PORT_NUMBER}", name=str(parent))
