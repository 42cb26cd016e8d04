"""Keeps an eye on the APIService, and writes into ours whom to trust. The leader's task."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from goproxy_operator.election.fence import NotHeldError
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
_PAUSE = 5.0  # seconds between two looks
_SOON = 0.5  # until the certificate is there, and after a write


class Registrar:
    """Knows how our APIService stands, and keeps its bundle of certificates right.

    `serving` is whom our metrics trust, and their Service; None where this operator serves no metrics. `changed` is
    called when `current` has changed.
    """

    def __init__(self, client: ApiClient, serving: tuple["Trust", Key] | None, changed: Callable[[], None]) -> None:
        self.current: Registration = OFF
        self._client = client
        self._serving = serving
        self._changed = changed
        self._looked = asyncio.Event()

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Look from now on, and return when `current` says what is there."""
        if self._serving is not None:
            tasks.create_task(self._run(*self._serving))
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
            # Without certificates it can still be told whose the APIService is.
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
