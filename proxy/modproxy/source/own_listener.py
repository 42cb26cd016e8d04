"""Whether a URL is this replica's own listener: people set GOPROXY to the fleet and start it with that setting."""

import asyncio
import socket
from urllib.parse import urlsplit

Address = tuple[str, int]
"""Host as an IP address (`0.0.0.0` or `::` for all) and port."""


async def is_own_listener(url: str, listeners: list[Address]) -> bool:
    """Say whether `url` resolves to one of `listeners`. A name that does not resolve now is taken for another's."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    same_port = [host for host, own_port in listeners if own_port == port]
    if not same_port or not parts.hostname:
        return False
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return False
    addresses = {str(info[4][0]) for info in found}
    if addresses & set(same_port):
        return True
    listens_on_all = any(host in ("0.0.0.0", "::") for host in same_port)  # noqa: S104 - compared, not bound
    return listens_on_all and any(map(_is_of_this_machine, addresses))


def _is_of_this_machine(address: str) -> bool:
    """An address belongs to this machine when a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
