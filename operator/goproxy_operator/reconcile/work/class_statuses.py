"""Writes the status of the classes: once for all that moved together, because a class may be that of all fleets."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any

import aiohttp

from goproxy_operator.election.fence import NotHeldError
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, UnreachableError
from goproxy_operator.kube.resources import GOPROXY_CLASSES, Key, Object
from goproxy_operator.observed.classes import ObservedClasses
from goproxy_operator.reconcile.decide.audit import class_status
from goproxy_operator.reconcile.verdicts import Verdicts

_log = logging.getLogger(__name__)
QUIET = 2.0
"""Seconds without a move before the status is written: a change of a class moves all its fleets one after the other."""
LONGEST = 30.0
"""Seconds after which it is written all the same, while fleets come and go without a pause."""


class ClassStatuses:
    """Keeps the status of the classes true. `fleets` says which fleets there are."""

    def __init__(
        self, client: ApiClient, classes: ObservedClasses, verdicts: Verdicts, fleets: Callable[[], Collection[Key]]
    ) -> None:
        self._client = client
        self._classes = classes
        self._verdicts = verdicts
        self._fleets = fleets
        self._written: dict[str, dict[str, Any]] = {}
        """By the uid of the class. Another operator may write the same status, and who looks at that would not rest."""

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._verdicts.wait()
            await self._settle()
            if not (self._verdicts.are_of(self._fleets()) and await self._write()):
                await asyncio.sleep(QUIET)
                self._verdicts.move()

    async def _settle(self) -> None:
        clock = asyncio.get_running_loop().time
        latest, moves = clock() + LONGEST, -1
        while moves != self._verdicts.moves and clock() < latest:
            moves = self._verdicts.moves
            await asyncio.sleep(QUIET)

    async def _write(self) -> bool:
        """Write what says something new. Return False where that is worth another try."""
        classes = self._classes.objects()
        self._written = {uid: self._written[uid] for item in classes if (uid := _uid(item)) in self._written}
        for item in classes:
            metadata = item["metadata"]
            status = class_status(metadata["name"], metadata["generation"], self._verdicts.found)
            if status == self._written.get(_uid(item), item.get("status")):
                continue
            try:
                await self._client.apply_status(GOPROXY_CLASSES, _manifest(item, status))
            except ApiError as e:
                if e.is_temporary:
                    return False
                _log.info("GoProxyClass %s: its status is not written: %s", metadata["name"], e.message)
            except (UnreachableError, NotHeldError, aiohttp.ClientError, OSError, TimeoutError):
                return False
            self._written[_uid(item)] = status
        return True


def _uid(item: Object) -> str:
    return str(item["metadata"]["uid"])


def _manifest(item: Object, status: dict[str, Any]) -> Object:
    metadata = {key: item["metadata"][key] for key in ("name", "uid")}
    return {
        "apiVersion": GOPROXY_CLASSES.api_version,
        "kind": GOPROXY_CLASSES.kind,
        "metadata": metadata,
        "status": status,
    }
