"""Traces of hits that memory answers. They are quick and good: they are told by share, or where the client traces."""

import re

from modproxy.cache.answer import CacheStatus
from modproxy.server.hit.hit import Hit
from modproxy.tracing.trace import LONGEST, AttributeValue
from modproxy.tracing.traceparent import TraceParent, read_traceparent
from modproxy.tracing.tracing import Tracing

_HEADER = re.compile(rb"\r\ntraceparent:[ \t]*([0-9a-f-]{55,512})[ \t]*\r\n", re.IGNORECASE)


def trace_hit(tracing: Tracing, hit: Hit, data: bytes, code: int) -> None:
    """Trace a hit that was just answered, if it is chosen. `data` is its request."""
    trace = tracing.begin_hit(_asked_by(data) if b"raceparent" in data else None)
    if trace is not None:
        tracing.end(trace, f"GET {hit.quick.endpoint}", code, _attributes_of(hit, code))


def _asked_by(data: bytes) -> TraceParent | None:
    found = _HEADER.search(data)
    return read_traceparent(found[1].decode("ascii")) if found is not None else None


def _attributes_of(hit: Hit, code: int) -> dict[str, AttributeValue]:
    """Return the attributes of the span of a hit that memory has answered."""
    attributes: dict[str, AttributeValue] = {
        "http.request.method": "GET",
        "http.response.status_code": code,
        "http.response.body.size": hit.size,
        "goproxy.endpoint": hit.quick.endpoint,
        "goproxy.cache_status": CacheStatus.HIT.value,
    }
    if hit.module is not None:
        attributes["goproxy.module"] = hit.module[:LONGEST]
    if hit.version:
        attributes["goproxy.version"] = hit.version[:LONGEST]
    return attributes
