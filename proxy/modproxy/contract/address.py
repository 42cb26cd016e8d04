"""Where a program listens: `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. An empty `host` is every interface; an IPv6 one has no brackets; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address. Raises `ValueError`, which says what to write."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or (":" in host and not bracketed):
        raise ValueError(f"{text!r} is no address: write HOST:PORT, [IPV6]:PORT, or :PORT for every interface")
    return Address(host[1:-1] if bracketed else host, int(port))
