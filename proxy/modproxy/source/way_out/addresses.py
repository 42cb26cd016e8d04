"""Which IP addresses belong to everybody's internet, and which hosts are addresses in disguise. Pure.

Sources: the IANA registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890), and inet_aton of POSIX, by which
the C library reads `127.1` and `0x7f000001` as addresses.
"""

import ipaddress
import re

_NOT_PUBLIC_V4 = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared (CGNAT)",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_NOT_PUBLIC_V6 = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "::ffff:0:0/96": "IPv4-mapped",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "2002::/16": "reserved",
    "3fff::/20": "reserved",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
_NETWORKS = [(ipaddress.ip_network(text), word) for text, word in (_NOT_PUBLIC_V4 | _NOT_PUBLIC_V6).items()]
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
"""All unicast addresses of IPv6 that have been given to anybody."""
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last four bytes are the IPv4 address that is reached."""
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+", re.ASCII)

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def not_public(address: IPAddress) -> str | None:
    """Return what kind of address it is, when it is none of the public internet; None for a public address."""
    if isinstance(address, ipaddress.IPv6Address) and address in _TRANSLATED:
        return not_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    for network, word in _NETWORKS:
        if address in network:
            return word
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_V6:
        return "reserved"
    return None


def literal(host: str) -> IPAddress | None:
    """Return the address that a host of a URL stands for by itself, however it is written; None for a name.

    An IPv6 address may have brackets and a zone.
    """
    text = host.strip("[]").partition("%")[0].rstrip(".")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return _as_inet_aton_reads(text)


def _as_inet_aton_reads(text: str) -> ipaddress.IPv4Address | None:
    parts = text.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
        value = numbers[-1]
        if value >= 256 ** (5 - len(numbers)) or any(number > 255 for number in numbers[:-1]):
            return None
        for position, number in enumerate(numbers[:-1]):
            value += number << (24 - 8 * position)
        return ipaddress.IPv4Address(value)
    except ValueError:
        return None


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text.startswith("0") else int(text)


def is_this_machine(host: str) -> bool:
    """Say whether the host is a name that means this machine everywhere (RFC 6761, section 6.3)."""
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")
