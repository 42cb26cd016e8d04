"""Which HTTP proxy a request goes through, as Go's net/http chooses it. Pure.

Source of the rules: golang.org/x/net/http/httpproxy, by which `ProxyFromEnvironment` of net/http reads the environment.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from modproxy.mod.login import UrlLogin, split_login
from modproxy.source.way_out.addresses import literal

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class EgressProxy:
    """Names an HTTP proxy."""

    url: str
    """Its URL without a login."""
    login: UrlLogin | None = None


@dataclass(frozen=True, slots=True)
class ProxyChoice:
    """Says for each URL which proxy a request goes through."""

    http: EgressProxy | None = None
    """The proxy for plain http."""
    https: EgressProxy | None = None
    """The proxy for https."""
    no_proxy: tuple[str, ...] = ()
    loopback_excepted: bool = False
    """Whether this machine's own addresses are reached without a proxy, as by the environment's settings."""

    def for_url(self, url: str) -> EgressProxy | None:
        """Return the proxy of a request to the URL; None for a request without a proxy."""
        if self.http is None and self.https is None:
            return None
        parts = urlsplit(url)
        proxy = self.https if parts.scheme == "https" else self.http
        host = (parts.hostname or "").lower()
        if proxy is None or bypasses(host, parts.port or _PORTS.get(parts.scheme, 0), self.no_proxy):
            return None
        if self.loopback_excepted and _is_loopback(host):
            return None
        return proxy


def from_environment(env: Mapping[str, str]) -> ProxyChoice:
    """Read HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in upper or lower case. A malformed proxy counts as none."""
    no_proxy = _setting(env, "NO_PROXY").split(",")
    return ProxyChoice(_parse(_setting(env, "HTTP_PROXY")), _parse(_setting(env, "HTTPS_PROXY")), tuple(no_proxy), True)


def _setting(env: Mapping[str, str], name: str) -> str:
    return env.get(name) or env.get(name.lower()) or ""


def _parse(text: str) -> EgressProxy | None:
    if not text:
        return None
    url, login = split_login(text if "://" in text else f"http://{text}")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return EgressProxy(url, login) if parts.hostname else None


def _is_loopback(host: str) -> bool:
    address = literal(host)
    return host == "localhost" if address is None else address.is_loopback


def bypasses(host: str, port: int, no_proxy: Sequence[str]) -> bool:
    """Say whether a request to a host goes past the proxy.

    An entry is a name, which matches the names below it too, a name with a leading dot, which matches only the names
    below it, an address, a range of addresses, or `*`. Names and addresses may have a port.
    """
    return any(_matches(host.lower(), port, entry.strip().lower()) for entry in no_proxy)


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    address = literal(host)
    try:
        network = ipaddress.ip_network(entry, strict=False)
        return address is not None and address in network
    except ValueError:
        pass
    name, wanted = _split_port(entry)
    if wanted is not None and wanted != port:
        return False
    if address is not None:
        return literal(name) == address
    name = name.removeprefix("*") if name.startswith("*.") else name
    return bool(name.strip(".")) and (host == name or host.endswith(name if name.startswith(".") else f".{name}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return host.strip("[]"), int(port)
    return entry.strip("[]"), None
