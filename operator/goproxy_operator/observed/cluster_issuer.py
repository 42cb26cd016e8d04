"""Who signs the tokens of this cluster's service accounts: asked of the API server, and handed on to the replicas, so
that a replica needs neither a token nor access to the API server.

Source: "Service account issuer discovery" of the Kubernetes documentation.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from goproxy_operator.desired.config.access import ClusterIssuer
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError

_RETRY = 10.0
"""Seconds between two attempts while nothing is known."""
_MOST_KEYS = 32
"""A cluster that rotates its keys has two or three."""
_LONGEST = 32768
"""Characters of the keys: they go into the config of each fleet that asks for them."""
_KEPT = frozenset({"kty", "kid", "use", "alg", "n", "e", "crv", "x", "y"})
"""The members of public keys (RFC 7517, section 4; RFC 7518, section 6; RFC 8037, section 2)."""

_log = logging.getLogger(__name__)


class ObservedIssuer:
    """Knows the issuer, and asks again every `interval` seconds.

    `on_change` is told when the answer is another than before.
    """

    def __init__(self, client: ApiClient, interval: float, on_change: Callable[[], None]) -> None:
        self._client = client
        self._interval = interval
        self._on_change = on_change
        self._known: ClusterIssuer | None = None

    def get(self) -> ClusterIssuer | None:
        """Return who signs; None while it is not known."""
        return self._known

    async def look(self) -> None:
        """Ask once. Without an answer, what was known before stays known."""
        try:
            found = issuer_of(*await self._client.issuer_documents())
        except (ApiError, UnreachableError, ValueError) as e:
            _log.warning("asking for the issuer of service accounts' tokens: %s", e)
        else:
            if found != self._known:
                self._known = found
                self._on_change()

    async def run(self) -> NoReturn:
        """Ask until cancelled, after a first look."""
        while True:
            await asyncio.sleep(self._interval if self._known is not None else _RETRY)
            await self.look()


def issuer_of(metadata: Mapping[str, Any], keys: Mapping[str, Any]) -> ClusterIssuer:
    """Make one value of both documents: the same for the same keys, in whatever order they come.

    Raises `ValueError`.
    """
    issuer, listed = metadata.get("issuer"), keys.get("keys")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= 512 or not isinstance(listed, list):
        raise ValueError("the API server tells no issuer and no keys")
    kept = [
        {name: value for name, value in sorted(key.items()) if name in _KEPT and isinstance(value, str)}
        for key in listed[:_MOST_KEYS]
        if isinstance(key, dict)
    ]
    text = json.dumps({"keys": sorted(kept, key=json.dumps)}, separators=(",", ":"))
    if len(text) > _LONGEST:
        raise ValueError(f"the keys have more than {_LONGEST} characters")
    return ClusterIssuer(issuer, text)
