"""What a fleet's object means to its clients: its URL, and the modules that are private. Pure.

Who may write the object may write anything into it: what is no host and no pattern is left out.
"""

import re
from collections.abc import Mapping
from typing import Any

from modproxy.mod.pattern import PatternError, parse_pattern

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_MOST_PATTERNS = 256
"""Of a fleet: its object has at most as many."""


def unverified_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of a fleet's object that no checksum database knows. What is no pattern is left out."""
    upstream, hosted = _part(_part(item, "spec"), "upstream"), _part(_part(item, "spec"), "hosted")
    listed = upstream.get("gonosumdb")
    exempt = listed if listed is not None else upstream.get("goprivate")
    return list(dict.fromkeys([*_patterns(exempt), *_patterns(hosted.get("modules"))]))


def hosted_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of modules that only the fleet has."""
    return _patterns(_part(_part(item, "spec"), "hosted").get("modules"))


def private_of(item: Mapping[str, Any]) -> list[str]:
    """Return the patterns of modules that no public server may learn of."""
    return list(dict.fromkeys([*_patterns(_part(_part(item, "spec"), "upstream").get("goprivate")), *hosted_of(item)]))


def exposed_url(item: Mapping[str, Any]) -> str | None:
    """Return the URL by which an ingress or a gateway serves the fleet; None where its object names no host."""
    expose = _part(_part(item, "spec"), "expose")
    ingress, gateway = _part(expose, "ingress"), _part(expose, "gateway")
    prefix = expose.get("pathPrefix") or _part(item, "spec").get("pathPrefix") or ""
    path = prefix.rstrip("/") if isinstance(prefix, str) and _PREFIX.fullmatch(prefix.rstrip("/")) else ""
    for part, is_tls in ((gateway, True), (ingress, bool(ingress.get("tlsSecretName")))):
        host = part.get("host")
        if isinstance(host, str) and _HOST.fullmatch(host):
            return f"{'https' if is_tls else 'http'}://{host}{path}"
    return None


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _patterns(listed: object) -> list[str]:
    found = []
    for text in listed[:_MOST_PATTERNS] if isinstance(listed, list) else ():
        try:
            if isinstance(text, str) and text.isprintable():
                found.append(parse_pattern(text).text)
        except PatternError:
            continue
    return found
