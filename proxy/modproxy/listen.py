"""From an address of the config to a listening socket."""

import socket

from modproxy.source.own_listener import Address

_BACKLOG = 2048
_UNSENT_BYTES = 128 << 10


class ListenError(OSError):
    """The address cannot be listened on; the message says which, why, and what to do."""


def open_listener(text: str, field: str) -> socket.socket:
    """Open `HOST:PORT`, or take over `fd:N`. `field` names the config's field in errors. Raises `ListenError`."""
    if text.startswith("fd:"):
        try:
            return socket.socket(fileno=int(text[3:]))
        except OSError as e:
            raise ListenError(f"{field}: {text}: no socket was handed down under that number: {e.strerror}") from None
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(
            address[:2], family=family, backlog=_BACKLOG, dualstack_ipv6=not host and family == socket.AF_INET6
        )
    except OSError as e:
        raise ListenError(f"{field}: cannot listen on {text}: {e.strerror or e}") from None


def send_little_ahead(listener: socket.socket) -> None:
    """Have the kernel hold little unsent data for each client: a thousand slow readers would fill memory with it."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # not on every system
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)


def address_of(listener: socket.socket) -> Address:
    """Return where a socket listens."""
    name = listener.getsockname()
    return str(name[0]), int(name[1])
