"""How a value is compared with a list of a class. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from goproxy_operator.reconcile.decide.values import CLAIM, EVERYTHING
from modproxy.mod.pattern import Pattern, parse_pattern

Matcher = Callable[[str, Sequence[str]], bool]
_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> Pattern:
    return parse_pattern(glob)


def globs(value: str, allowed: Sequence[str]) -> bool:
    """Say whether a glob matches the value as a whole; * stops at a slash."""
    # A pattern of module paths matches a prefix of their elements.
    patterns = map(_pattern, allowed)
    return any(pattern.depth == value.count("/") + 1 and pattern.matches(value) for pattern in patterns)


def covers(patterns: Sequence[str], pattern: str) -> bool:
    """Say whether patterns of modules match all that `pattern` matches. Of a glob only its repetition counts."""
    path = pattern.removesuffix("/")
    if path in (one.removesuffix("/") for one in patterns):
        return True
    return not set("*?[\\") & set(path) and any(_pattern(one).matches(path) for one in patterns)


def taints(value: str, allowed: Sequence[str]) -> bool:
    """Say whether a toleration's key is allowed. A toleration of everything needs the entry that says so."""
    return EVERYTHING in allowed or (value != EVERYTHING and globs(value, allowed))


def hosts(value: str, allowed: Sequence[str]) -> bool:
    """Say whether a host is in the list, or is one label below an entry with `*.` (RFC 6125 6.4.3)."""
    above = value.partition(".")[2]
    return value in allowed or (bool(above) and f"*.{above}" in allowed)


def urls(value: str, allowed: Sequence[str]) -> bool:
    """Say whether a URL is one of the list or below it."""
    return any(is_at_or_below(value, one) for one in allowed)


def stores(value: str, allowed: Sequence[str]) -> bool:
    """Say whether an object store is one of the list or below it, or a claim whose name matches a glob of the list."""
    if value.startswith(CLAIM):
        return globs(value, [one for one in allowed if one.startswith(CLAIM)])
    return urls(value, [one for one in allowed if not one.startswith(CLAIM)])


def words(value: str, allowed: Sequence[str]) -> bool:
    """Say whether a value is in the list, word for word."""
    return value.split() in [one.split() for one in allowed]


def is_at_or_below(url: str, allowed: str) -> bool:
    """Compare URLs. A URL whose path climbs, also in disguise, is below nothing, and so is one that cannot be read."""
    try:
        (origin, path), (allowed_origin, root) = _split(url), _split(allowed)
    except ValueError:
        return False
    if origin != allowed_origin or "\\" in path or "%" in path or {".", ".."} & set(path.split("/")):
        return False
    return f"{path.rstrip('/')}/".startswith(f"{root.rstrip('/')}/")


def _split(url: str) -> tuple[tuple[str, str | None, int | None], str]:
    """Return scheme, host and port, and the path. Raises `ValueError`, also for a port that is none."""
    parts = urlsplit(url)
    return (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)), unquote(parts.path)


MATCHERS: Mapping[str, Matcher] = {
    "sumdbs": words,
    "httpProxies": urls,
    "secrets": globs,
    "serviceAccounts": globs,
    "annotations": globs,
    "podLabels": globs,
    "priorityClasses": globs,
    "tolerations": taints,
    "ingressHosts": hosts,
    "gateways": globs,
    "issuers": globs,
    "metricsServers": urls,
    "elasticsearch": urls,
    "oidcIssuers": urls,
    "objectStores": stores,
    "parents": globs,
}
"""By the name of the list."""
