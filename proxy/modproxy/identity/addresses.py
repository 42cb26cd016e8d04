"""The addresses of peers: which ranges one is in, and which addresses are one customer's. Pure."""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_V6_BLOCK = 64
"""A customer has at least so large a block of IPv6 addresses (RFC 6177), and may use any of them."""


def parse_peer(text: str) -> Address | None:
    """Read the address of a connection's peer; None for what is none. An IPv4 address mapped into IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def parse_ranges(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read ranges of addresses, which were checked before. A range mapped into IPv6 is one of IPv4."""
    return tuple(_unmapped(ipaddress.ip_network(text)) for text in texts)


def _unmapped(network: Network) -> Network:
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.IPv4Network((int(mapped), network.prefixlen - 96))


def is_within(address: Address | None, ranges: Sequence[Network]) -> bool:
    """Say whether an address is in one of the ranges."""
    return address is not None and any(address in network for network in ranges)


def block_of(peer: str) -> str:
    """Return the name of the addresses that are one customer's: an IPv4 address, or 64 bits of an IPv6 address."""
    address = parse_peer(peer)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> _V6_BLOCK << _V6_BLOCK, _V6_BLOCK)))
    return str(address) if address is not None else ""
