"""How the parent of a config is made a source."""

from collections.abc import Callable
from pathlib import Path

from modproxy.contract.config import Config
from modproxy.contract.report import Role
from modproxy.source.outages import Outages
from modproxy.source.upstream import Count, UpstreamClient, UpstreamProxy
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.hops import Hops, NamedPlaces, named_hosts
from modproxy.source.way_out.outbound import Outbound
from modproxy.via import ViaEntry


def parent_proxy(
    config: Config,
    connections: Connections,
    via: ViaEntry,
    *,
    count: Count,
    outages: Outages,
    own_token: Callable[[], str | None],
) -> UpstreamProxy | None:
    """Return the parent of the config as a module proxy; None without one.

    It is asked straight, because the HTTP proxy and the logins are those for servers outside, and no redirect of it is
    followed, because the token that the replica proves itself with is for the parent alone.
    """
    parent, secrets = config.cache.parent, Path(config.secrets_dir)
    if parent is None:
        return None
    outbound = Outbound(Credentials((), secrets), None, None, secrets, secrets)
    hops = Hops(connections, outbound, NamedPlaces(named_hosts([parent.url])), redirects=False)
    client = UpstreamClient(hops, config.upstream.timeout, via, count, outages)

    def proof() -> dict[str, str]:
        token = own_token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    return UpstreamProxy(client, parent.url.rstrip("/"), role=Role.PARENT, proof=proof)
