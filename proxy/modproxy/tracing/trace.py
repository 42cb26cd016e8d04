"""What is noted of a request while it runs: itself, and the servers that were asked for it.

Where nobody traces, `hop` costs one look at a context variable.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urlsplit

from modproxy.tracing.traceparent import TraceParent, new_span_id, new_trace_id

_MOST_HOPS = 32
"""Servers that are noted of one request; a sync or a prefetch may ask thousands."""
LONGEST = 300
"""Characters of a text from outside."""
AttributeValue = str | int


class Hop:
    """One server that was asked. Times are in nanoseconds since the epoch."""

    __slots__ = ("attributes", "began", "ended", "failure", "kind", "parent", "span_id")

    def __init__(self, kind: str, url: str, parent: TraceParent) -> None:
        self.kind = kind
        """What the server is for the fleet: upstream, peer, parent, ..."""
        self.parent = parent
        self.span_id = new_span_id()
        self.began = time.time_ns()
        self.ended = 0
        self.failure = ""
        """Why it gave no answer, as the name of an error; empty for an answer."""
        self.attributes: dict[str, AttributeValue] = _server_of(url)

    @property
    def traceparent(self) -> str:
        """The header for the server, where the server belongs to the fleet."""
        return str(TraceParent(self.parent.trace_id, self.span_id, self.parent.sampled))

    def status(self, code: int) -> None:
        """Note the status of the answer."""
        self.attributes["http.response.status_code"] = code


class Trace:
    """One request. It is noted in `CURRENT` while the request runs; tasks that the request begins inherit it."""

    __slots__ = ("asked_by", "began", "hops", "over", "own")

    def __init__(self, asked_by: TraceParent | None, *, chosen: bool) -> None:
        self.asked_by = asked_by
        """The span of whoever asks; None for a request that begins a trace."""
        trace_id = asked_by.trace_id if asked_by is not None else new_trace_id()
        self.own = TraceParent(trace_id, new_span_id(), chosen)
        self.began = time.time_ns()
        self.hops: list[Hop] = []
        self.over = False
        """Whether the request has ended. What goes on behind it belongs to no trace: it would have a parent that nobody
        tells.
        """


CURRENT: ContextVar[Trace | None] = ContextVar("CURRENT", default=None)
"""The trace of the request that the running code works for."""


@contextmanager
def hop(kind: str, url: str) -> Iterator[Hop | None]:
    """Note that a server is asked, until the context is left; an exception tells why there was no answer.

    Yields None where nobody traces, after the end of a request, and of a request that asks very many.
    """
    trace = CURRENT.get()
    if trace is None or trace.over or len(trace.hops) >= _MOST_HOPS:
        yield None
        return
    noted = Hop(kind, url, trace.own)
    trace.hops.append(noted)
    try:
        yield noted
    except (FileNotFoundError, FileExistsError):  # an answer, and no failure
        raise
    except BaseException as e:
        noted.failure = type(e).__name__
        if reason := getattr(e, "reason", ""):
            noted.attributes["goproxy.cause"] = str(reason)[:LONGEST]
        raise
    finally:
        noted.ended = time.time_ns()


def _server_of(url: str) -> dict[str, AttributeValue]:
    """Return where a URL leads to, without its path, its query and its login."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return {}
    found: dict[str, AttributeValue] = {"server.address": host[:LONGEST]}
    if port is not None:
        found["server.port"] = port
    return found
