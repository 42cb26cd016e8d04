"""The one port of the fleet. It is bound here once, and every replica inherits it."""

import errno
import ipaddress
import socket

from modproxy.contract.address import Address
from modproxy.contract.fields import HOST_NAME

BACKLOG = 1024
"""The kernel keeps so many connections while no replica accepts, as between a death and the restart."""


class BindError(Exception):
    """The fleet cannot listen on its address; the message says why and what to do."""


def client_url(address: Address, port: int, path_prefix: str = "", scheme: str = "http") -> str:
    """Return the URL by which a client on this machine reaches a listener of `address` that was given `port`."""
    return f"{scheme}://{Address(_reachable(address.host), port)}{path_prefix}"


def _reachable(host: str) -> str:
    try:
        ip = ipaddress.ip_address(host or "::")
    except ValueError:
        return host  # a name
    if not ip.is_unspecified:
        return host
    return "127.0.0.1" if ip.version == 4 or socket.has_dualstack_ipv6() else "::1"


def own_hosts(address: Address, listener: socket.socket) -> tuple[str, ...]:
    """Return by which hosts clients may call a listener of this machine's own; empty for any.

    A web page in the developer's browser can give its own name the address 127.0.0.1 (DNS rebinding), so a listener on
    a loopback address answers only to names that no stranger controls. Others reach a listener on other addresses
    anyway.
    """
    ip = str(listener.getsockname()[0])
    if not ipaddress.ip_address(ip).is_loopback:
        return ()
    names = (address.host, ip, "localhost", "127.0.0.1", "::1", socket.gethostname())
    return tuple(dict.fromkeys(name.lower() for name in names if HOST_NAME.fullmatch(name.lower())))


def bind(address: Address) -> socket.socket:
    """Listen on `address`, or raise `BindError`. Every interface means IPv6 and IPv4 alike where there are both."""
    try:
        return _bind(address)
    except socket.gaierror as e:
        raise BindError(f"{address}: {address.host} is no address of this machine ({e.strerror})") from None
    except OSError as e:
        if e.errno == errno.EADDRINUSE:
            why = "is taken by another program: stop that one, or choose another with --listen HOST:PORT"
        else:
            why = f"cannot be listened on ({e.strerror}): choose another with --listen HOST:PORT"
        raise BindError(f"{address} {why}") from None


def _bind(address: Address) -> socket.socket:
    if address.host in ("", "::") and socket.has_dualstack_ipv6():
        return socket.create_server(("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
    found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, where in found[:-1]:
        try:
            return socket.create_server(where[:2], family=family, backlog=BACKLOG)
        except OSError as e:
            # A name such as localhost may have an IPv6 address where IPv6 is switched off: try the next address.
            if e.errno != errno.EADDRNOTAVAIL:
                raise
    family, _, _, _, where = found[-1]
    return socket.create_server(where[:2], family=family, backlog=BACKLOG)
