"""How often kopf may call: kopf takes a watch up again at once, also when the watch ends at once each time."""

import asyncio
from collections.abc import Callable

import aiohttp

from goproxy_operator.kube.access import Connection
from goproxy_operator.kube.kopf_alone import kopf


class Pace:
    """Says how long a call has to wait for its turn: each path has `burst` calls at once, then `rate` a second.

    `clock` is in seconds.
    """

    def __init__(self, clock: Callable[[], float], burst: int = 10, rate: float = 1.0) -> None:
        self._clock = clock
        self._ahead = (burst - 1) / rate
        self._interval = 1 / rate
        self._next: dict[str, float] = {}

    def wait(self, path: str) -> float:
        """Return how many seconds the next call has to wait. The call counts as made after that time."""
        now = self._clock()
        due = max(self._next.get(path, 0.0), now - self._ahead)
        self._next[path] = due + self._interval
        return max(due - now, 0.0)


def _paced(pace: Pace) -> aiohttp.TraceConfig:
    """Let each request of an aiohttp session wait for its turn. Pages of a list follow each other at once."""

    async def wait(_session: aiohttp.ClientSession, _context: object, request: aiohttp.TraceRequestStartParams) -> None:
        if "continue" not in request.url.query:
            await asyncio.sleep(pace.wait(request.url.path))

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(wait)
    return trace


def paced_session(connection: Connection, pace: Pace) -> kopf.AiohttpSession:
    """Return a session of the connection for kopf to use, and to close. This is to be called in kopf's loop.

    kopf logs in anew when the connection expires. One that has expired already is tried all the same, and paced.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=connection.tls),
        headers=connection.all_headers,
        proxy=connection.proxy,
        trust_env=False,
        trace_configs=[_paced(pace)],
    )
    expires = None if connection.expired else connection.expires
    return kopf.AiohttpSession(server=connection.server, aiohttp_session=session, expiration=expires)
