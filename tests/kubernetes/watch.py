"""Follows all objects of one kind, for the node stand-in: list, watch, and list again whenever the watch ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, NoReturn

import aiohttp

Object = dict[str, Any]
Handler = Callable[[Object], Awaitable[None]]

_RETRY = 0.05  # seconds between the end of a watch and the next list; doubled while nothing succeeds, up to
_RETRY_MOST = 1.0
_SILENCE = 75.0  # seconds of silence after which a watch is dead: the API server sends a bookmark every minute


async def ignore(_object: Object) -> None:
    """The handler of events that do not matter."""


async def follow(session: aiohttp.ClientSession, path: str, seen: Handler, gone: Handler = ignore) -> NoReturn:
    """Tell what happens to the objects at an API path such as /api/v1/pods, one after the other, until cancelled.

    Each time the watch ends, all that exists is `seen` again and what went away meanwhile is `gone`. A handler that
    raises aiohttp.ClientError, OSError or TimeoutError ends the watch: so it gets the object again a little later.
    """
    known: dict[str, Object] = {}
    pause = _RETRY
    while True:
        try:
            listing = await list_all(session, path)
            present = {item["metadata"]["uid"]: item for item in listing["items"]}
            for uid in known.keys() - present.keys():
                await gone(known[uid])
                del known[uid]
            known |= present
            for item in present.values():
                await seen(item)
            async for kind, item in _watch(session, path, listing["metadata"]["resourceVersion"]):
                if kind == "DELETED":
                    await gone(item)
                    known.pop(item["metadata"]["uid"], None)
                else:
                    known[item["metadata"]["uid"]] = item
                    await seen(item)
                pause = _RETRY
        except (aiohttp.ClientError, OSError, TimeoutError):
            pause = min(pause * 2, _RETRY_MOST)
        await asyncio.sleep(pause)


async def stop(tasks: Iterable[asyncio.Task[NoReturn]]) -> None:
    """End what follows; how it ended before is of no interest."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def list_all(session: aiohttp.ClientSession, path: str) -> Object:
    """All objects at an API path, as one list object. aiohttp.ClientError when the server does not answer with it."""
    async with session.get(path, timeout=aiohttp.ClientTimeout(30)) as response:
        response.raise_for_status()
        listing: Object = await response.json()
        return listing


async def _watch(session: aiohttp.ClientSession, path: str, version: str) -> AsyncIterator[tuple[str, Object]]:
    """What changes after a version, until the server ends the watch or can no longer serve it."""
    query = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version}
    waiting = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_SILENCE)
    async with session.get(path, params=query, timeout=waiting) as response:
        response.raise_for_status()
        rest = b""
        async for chunk in response.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":  # as a rule 410: the version is too old
                    return
                if event["type"] != "BOOKMARK":
                    yield event["type"], event["object"]
