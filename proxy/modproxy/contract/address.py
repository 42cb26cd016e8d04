"""Addresses to listen on: `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Names where a program listens."""

    host: str
    """A name or an IP address, an IPv6 address without brackets; empty for every interface."""
    port: int
    """Port 0 stands for any free port."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address. Raises `ValueError`; the message says what to write instead."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError(f"{text!r} is no address: write HOST:PORT, [IPV6]:PORT, or :PORT for every interface")
    return Address(host[1:-1] if bracketed else host, int(port))
