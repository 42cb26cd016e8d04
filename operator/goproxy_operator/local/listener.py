"""The one port of the fleet: bound here once, inherited by every replica."""

import errno
import ipaddress
import socket
from dataclasses import dataclass

BACKLOG = 1024
"""Connections the kernel keeps while no replica accepts, as between a death and the restart."""


class ListenError(Exception):
    """The port cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. An empty `host` is every interface; an IPv6 one has no brackets; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read HOST:PORT, [IPV6]:PORT or :PORT; ValueError says what to write."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError(f"{text!r} is no address: write HOST:PORT, [IPV6]:PORT, or :PORT for every interface")
    return Address(host[1:-1] if bracketed else host, int(port))


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


def bind(address: Address) -> socket.socket:
    """Listen on `address`, or raise `ListenError`. Every interface means IPv6 and IPv4 alike where there are both."""
    try:
        return _bind(address)
    except socket.gaierror as e:
        raise ListenError(f"{address}: {address.host} is no address of this machine ({e.strerror})") from None
    except OSError as e:
        if e.errno == errno.EADDRINUSE:
            why = "is taken by another program: stop that one, or choose another with --listen HOST:PORT"
        else:
            why = f"cannot be listened on ({e.strerror}): choose another with --listen HOST:PORT"
        raise ListenError(f"{address} {why}") from None


def _bind(address: Address) -> socket.socket:
    if address.host in ("", "::") and socket.has_dualstack_ipv6():
        return socket.create_server(("", address.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
    found = socket.getaddrinfo(address.host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, where in found[:-1]:
        try:
            return socket.create_server(where[:2], family=family, backlog=BACKLOG)
        except OSError as e:
            # A name such as localhost may have an IPv6 address where IPv6 is switched off: the next one is tried.
            if e.errno != errno.EADDRNOTAVAIL:
                raise
    family, _, _, _, where = found[-1]
    return socket.create_server(where[:2], family=family, backlog=BACKLOG)
