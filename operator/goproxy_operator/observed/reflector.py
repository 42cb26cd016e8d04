"""Keeps what is known at what the API server holds: list, watch, and a sweep of what a list no longer has.

Design: client-go's reflector. A watch that is cut is resumed where it was; one that cannot be is listed anew. An object
that a sink cannot take stays as it was known before, and those after it are taken.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from random import randint, uniform
from typing import NoReturn

import aiohttp

from goproxy_operator.heartbeat import HEARTBEATS
from goproxy_operator.isolation import isolated
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, GoneError, NotFoundError, UnreachableError
from goproxy_operator.kube.resources import Key, Object, Resource, key_of, version_of
from goproxy_operator.kube.watch_events import GarbledError
from goproxy_operator.observed.known_objects import Sink

_log = logging.getLogger(__name__)
_PAGE = "50"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_SILENCE = 90.0
"""Seconds: the API server sends a bookmark about every minute."""
_SHORT = 5.0
"""Seconds: a watch that ends sooner counts as a failure, and the next one waits longer."""
_FAILURES = (ApiError, UnreachableError, GarbledError, aiohttp.ClientError, OSError, TimeoutError)


_listing = asyncio.Semaphore(1)
"""One page at a time is in memory, because a page is there whole, also what of it is not kept."""


async def list_into(
    client: ApiClient, resource: Resource, namespace: str | None, query: Mapping[str, str], sink: Sink
) -> str:
    """List page by page into the sink, forget what is gone, and return the resourceVersion to watch from."""
    seen: set[Key] = set()
    token = ""
    while True:
        async with _listing:
            page = await client.list_page(
                resource, namespace, {**query, "limit": _PAGE, **({"continue": token} if token else {})}
            )
            for item in page["items"]:
                seen.add(key_of(item))
                with isolated(f"{resource.kind} {'/'.join(key_of(item))}"):
                    # The API server leaves out of a list what the path says.
                    sink.put({"apiVersion": resource.api_version, "kind": resource.kind, **item})
            token, version = page["metadata"].get("continue", ""), str(page["metadata"]["resourceVersion"])
            del page
        if not token:
            sink.keep_only(namespace, seen, int(version))
            return version


class Reflector:
    """Lists and watches one kind of object, in a namespace or in all, and tells a sink.

    `synced` is set once the first list is complete.
    """

    def __init__(
        self, client: ApiClient, resource: Resource, namespace: str | None, query: Mapping[str, str], sink: Sink
    ) -> None:
        self.synced = asyncio.Event()
        self._client = client
        self._sink = sink
        self._resource = resource
        self._namespace = namespace
        self._query = query
        self._version: str | None = None
        self._name = f"watch of {resource.plural} {namespace or ''} {' '.join(query.values())}"

    async def run(self) -> NoReturn:
        """Follow until cancelled, through outages."""
        pause = _FIRST_PAUSE
        try:
            while True:
                HEARTBEATS.beat(self._name)
                pause = await self._follow(pause)
        finally:
            HEARTBEATS.end(self._name)

    async def _follow(self, pause: float) -> float:
        """List if need be, and watch until that ends; wait, and return how long to wait the next time."""
        begun, before, retry_after = time.monotonic(), self._version, 0.0
        try:
            if self._version is None:
                self._version = await list_into(self._client, self._resource, self._namespace, self._query, self._sink)
                self.synced.set()
                begun = time.monotonic()
            await self._watch()
        except (GoneError, NotFoundError):
            self._version = None
        except _FAILURES as e:
            _log.warning("watching %s: %s; again in %.1f s", self._resource.plural, e or type(e).__name__, pause)
            retry_after = e.retry_after if isinstance(e, ApiError) else 0.0
        went_on = before is not None and self._version not in (None, before)
        if went_on or (self._version is not None and time.monotonic() - begun > _SHORT):
            pause = _FIRST_PAUSE
        await asyncio.sleep(max(pause * uniform(0.8, 1.2), retry_after))  # noqa: S311 - jitter
        return min(pause * 2, _LONGEST_PAUSE)

    async def _watch(self) -> None:
        query = {
            **self._query,
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version or "",
            "timeoutSeconds": str(randint(240, 480)),  # noqa: S311 - jitter
        }
        with suppress(aiohttp.SocketTimeoutError):  # nothing changed, or the connection is dead
            await self._read(query)

    async def _read(self, query: Mapping[str, str]) -> None:
        async with self._client.watch(self._resource, self._namespace, query, _SILENCE) as events:
            async for event in events:
                HEARTBEATS.beat(self._name)
                self._take(event)

    def _take(self, event: Object) -> None:
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            raise GoneError(item.get("code", 0), item.get("message", "the watch ended with an error"))
        self._version = item["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            return
        with isolated(f"{self._resource.kind} {'/'.join(key_of(item))}"):
            if kind == "DELETED":
                self._sink.drop(key_of(item), version_of(item))
            else:
                self._sink.put(item)
