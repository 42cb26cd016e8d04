"""How much unsent data the kernel keeps for a client."""

import socket

_OPTION = getattr(socket, "TCP_NOTSENT_LOWAT", None)
"""Some systems have no such option."""
_LITTLE = 128 << 10
_MUCH = 1 << 20
"""Most zips have less, and are handed to the kernel in one call."""


def send_little_ahead(sock: socket.socket) -> None:
    """Let the kernel keep little for each client of a listener, or of a connection: a thousand slow readers would fill
    the memory with it.
    """
    _set(sock, _LITTLE)


def send_far_ahead(sock: socket.socket) -> None:
    """Let the kernel keep much for a connection on which files are sent: it keeps references to the page cache, and
    each wait for the client costs as much as a small request.
    """
    _set(sock, _MUCH)


def _set(sock: socket.socket, unsent: int) -> None:
    if _OPTION is not None:
        sock.setsockopt(socket.IPPROTO_TCP, _OPTION, unsent)
