"""What a watch says: one JSON document in each line."""

import json
from collections.abc import AsyncGenerator

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from goproxy_operator.kube.resources import Object

_LONGEST = 2**23
"""Bytes: an object may have 1.5 MiB in etcd, and several times that as JSON; aiohttp's own limit is 128 KiB."""
_KINDS = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR")


class GarbledError(Exception):
    """A line is no event of a watch: it was cut short, or did not come from the API server."""


async def events(lines: aiohttp.StreamReader) -> AsyncGenerator[Object, None]:
    """Yield each event, with `type` and `object`, until the watch ends. Raises `GarbledError`."""
    while True:
        try:
            line = await lines.readline(max_line_length=_LONGEST)
        except LineTooLong as e:
            raise GarbledError("a line of a watch is too long") from e
        if not line:
            return
        yield parse_event(line)


def parse_event(line: bytes) -> Object:
    """Return the event of a line. Raises `GarbledError`."""
    try:
        event: Object = json.loads(line)
        kind, item = event["type"], event["object"]
        if kind not in _KINDS:
            raise GarbledError(f"a watch knows no event {str(kind)[:40]!r}")
        if kind != "ERROR":
            int(item["metadata"]["resourceVersion"])
        else:
            item.get("message")
    except (ValueError, LookupError, TypeError, AttributeError) as e:
        raise GarbledError(f"a line of a watch is no event: {line[:40]!r}") from e
    return event
