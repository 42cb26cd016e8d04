"""Hosts and addresses in the fields of the object: whether they can be looked up, and ranges of them."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import StringConstraints

from goproxy_operator.api.rule import ModelRule, Rule, Ruled, Rules

_NO_DNS_NAME = r"(^|[,|\s])\s*(https?://)?[^/+,|\s]*([^./:+,|\s]{64}|[.][.])"
"""Matches where a URL, or the name of a checksum database, has a host that nobody can look up. A path may be so."""
NO_HOST = (
    "a host name has two dots in a row, or more than 63 characters between two dots, so that nobody can look it up: "
    "write for example https://goproxy.example.com"
)


def _check_hosts(text: str) -> None:
    for word in re.split(r"[,|\s]+", text):
        host = urlsplit(word).hostname or "" if "://" in word else re.split("[/:+]", word, maxsplit=1)[0]
        try:
            host.removesuffix(".").encode("idna")
        except UnicodeError as e:
            raise ValueError(NO_HOST) from e


URL_HOST_RULES: Rules[str] = (
    Rule(
        cel=f"!self.matches(r'{_NO_DNS_NAME}')",
        holds=lambda text: not re.search(_NO_DNS_NAME, text, re.ASCII),
        message=NO_HOST,
    ),
    ModelRule(_check_hosts, because="CEL does not know how letters beyond ASCII are written in a look-up (IDNA)"),
)
"""Of a text with one URL or several. They are found out here, because whoever uses such a URL fails only then."""


def _is_range(text: str) -> bool:
    """Say whether Go's netip.ParsePrefix takes the text, and the range begins with its address."""
    try:
        found = ipaddress.ip_network(text, strict=True)
    except ValueError:
        return False
    mapped = isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped is not None
    return re.search(r"/(0|[1-9][0-9]{0,2})$", text) is not None and "%" not in text and not mapped


_RANGE_RULES: Rules[str] = (
    Rule(
        cel="isCIDR(self) && cidr(self).masked() == cidr(self)",
        holds=_is_range,
        message="{self} is no range of addresses: write its first address and its length, such as 10.20.0.0/16 or "
        "2001:db8::/32",
    ),
)
AddressRange = Annotated[str, StringConstraints(max_length=64), Ruled(_RANGE_RULES)]
"""A range of IP addresses in CIDR notation."""
