"""Watches the APIService, and writes into ours the certificates to trust. The leader does this."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from goproxy_operator.election.fence import NotHeldError
from goproxy_operator.isolation import supervised
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import API_SERVICES, Key
from goproxy_operator.metrics import EXTERNAL_METRICS
from goproxy_operator.metrics_api.rules.registration import (
    NAME,
    OFF,
    Registration,
    Standing,
    bundle_manifest,
    judge,
    unavailable,
)

if TYPE_CHECKING:
    # Certificates cost eight MiB, which an operator without metrics of its own need not have.
    from goproxy_operator.metrics_api.trust import Trust

_log = logging.getLogger(__name__)
_PAUSE = 5.0
"""Seconds between two looks."""
_SOON = 0.5
"""Seconds to the next look while the certificate is missing, and after a write."""


class Registrar:
    """Knows how the APIService stands, in `current`, and calls `changed` when that is another.

    `serving` holds the trust of our metrics API, and namespace and name of its Service. It is None where the operator
    serves no metrics.
    """

    def __init__(self, client: ApiClient, serving: tuple["Trust", Key] | None, changed: Callable[[], None]) -> None:
        self.current: Registration = OFF
        self._client = client
        self._serving = serving
        self._changed = changed
        self._looked = asyncio.Event()

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Begin to look, and return when `current` tells the result of the first look."""
        if self._serving is not None:
            tasks.create_task(supervised("watch of the APIService", partial(self._run, *self._serving)))
            await self._looked.wait()

    async def _run(self, trust: "Trust", service: Key) -> NoReturn:
        while True:
            try:
                pause = await self._look(trust, service)
                self._looked.set()
            except (UnreachableError, NotHeldError) as e:
                _log.warning("APIService %s: %s", NAME, e)
                pause = _PAUSE
            except ApiError as e:
                self._take(unavailable(e.message))
                self._looked.set()
                pause = _PAUSE
            await asyncio.sleep(pause)

    async def _look(self, trust: "Trust", service: Key) -> float:
        api_service = await self._client.get(API_SERVICES, None, NAME)
        authorities = trust.authorities
        if authorities is None:
            # The owner of the APIService is known without our certificates.
            self._take(judge(api_service, service, b""))
            return _SOON
        found = judge(api_service, service, authorities)
        self._take(found)
        if api_service is None or not found.missing_bundle:
            return _PAUSE
        await self._client.apply(API_SERVICES, bundle_manifest(api_service, authorities), force=True)
        _log.info("APIService %s trusts the certificates that are served", NAME)
        return _SOON

    def _take(self, found: Registration) -> None:
        before, self.current = self.current, found
        EXTERNAL_METRICS.set(1 if found.standing is Standing.AVAILABLE else 0)
        if (before.standing, before.message) == (found.standing, found.message):
            return
        level = logging.INFO if found.standing is Standing.AVAILABLE else logging.WARNING
        _log.log(level, "external metrics: %s", found.message or "the API server passes requests on to this operator")
        self._changed()
