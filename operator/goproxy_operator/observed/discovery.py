"""Which optional APIs the cluster serves now: somebody may install or remove them at any time."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import CHILDREN, Resource

_log = logging.getLogger(__name__)
_RETRY = 2.0  # seconds
_OPTIONAL = frozenset(resource for resource in CHILDREN.values() if resource.optional)


class Discovery:
    """Knows which APIs are served, from asking every `interval` seconds.

    `on_change` is told when the answer is another than before.
    """

    def __init__(self, client: ApiClient, interval: float, on_change: Callable[[], None]) -> None:
        self._client = client
        self._interval = interval
        self._on_change = on_change
        self.served: frozenset[Resource] = frozenset()
        """The optional resources that are served."""
        self.groups: frozenset[str] = frozenset()
        """All that is served, as group/version."""

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of the optional resources that are served."""
        return frozenset(resource.kind for resource in self.served)

    async def look(self) -> None:
        """Ask once. Raises `ApiError` and `UnreachableError`."""
        groups = await self._client.served_groups()
        served = set()
        for api_version in {resource.api_version for resource in _OPTIONAL} & groups:
            plurals = await self._client.served_plurals(api_version)
            served |= {r for r in _OPTIONAL if r.api_version == api_version and r.plural in plurals}
        if (frozenset(served), groups) != (self.served, self.groups):
            self.served, self.groups = frozenset(served), groups
            self._on_change()

    async def wait(self) -> None:
        """Ask until there is an answer."""
        while True:
            try:
                return await self.look()
            except (ApiError, UnreachableError) as e:
                _log.warning("asking which APIs are served: %s", e)
                await asyncio.sleep(_RETRY)

    async def run(self) -> NoReturn:
        """Ask until cancelled. Without an answer, what was served before counts as served."""
        while True:
            await asyncio.sleep(self._interval)
            try:
                await self.look()
            except (ApiError, UnreachableError) as e:
                _log.warning("asking which APIs are served: %s", e)
