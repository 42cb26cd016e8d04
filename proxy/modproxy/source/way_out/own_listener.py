"""Whether a URL leads to this replica itself.

This happens when the machine's GOPROXY names the fleet, and the replica takes its upstreams from that setting.
"""

import asyncio
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from modproxy.contract.address import Address

_RESOLVING_SECONDS = 5.0
"""How long a name may take: a config waits for it, and a name server that is silent is no reason to wait for long."""


async def is_own_listener(url: str, listeners: Sequence[Address]) -> bool:
    """Say whether `url` resolves to one of `listeners`, whose hosts are IP addresses.

    The answer is no for a name that does not resolve now.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    same_port = [listener.host for listener in listeners if listener.port == port]
    if not same_port or not parts.hostname:
        return False
    try:
        async with asyncio.timeout(_RESOLVING_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:  # TimeoutError is one
        return False
    addresses = {str(info[4][0]) for info in found}
    if addresses & set(same_port):
        return True
    listens_on_all = any(host in ("0.0.0.0", "::") for host in same_port)  # noqa: S104 - compared, not bound
    return listens_on_all and any(map(_is_of_this_machine, addresses))


def _is_of_this_machine(address: str) -> bool:
    """Say whether an address belongs to this machine: then a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
