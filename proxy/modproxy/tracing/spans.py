"""Spans of OpenTelemetry, made of what was noted of requests.

It is imported only where tracing is configured, because the library takes some MiB of memory. The names of attributes
are those of OpenTelemetry's semantic conventions for HTTP, and `goproxy.` for what they have no name for.
"""

from collections.abc import Iterator, Mapping

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from modproxy.tracing.told import ToldRequest
from modproxy.tracing.traceparent import TraceParent

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("modproxy")
_SERVER_ERROR = 500


def resource_of(attributes: Mapping[str, str]) -> Resource:
    """Return what tells which replica tells. Nothing is taken from the environment."""
    return Resource(dict(attributes))


def spans_of(told: ToldRequest, resource: Resource) -> Iterator[ReadableSpan]:
    """Yield the span of a request, and those of the servers that were asked for it."""
    trace = told.trace
    own = _context(trace.own, remote=False)
    failed = told.code >= _SERVER_ERROR
    yield ReadableSpan(
        told.name,
        context=own,
        parent=_context(trace.asked_by, remote=True) if trace.asked_by is not None else None,
        resource=resource,
        attributes=told.attributes,
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR) if failed else Status(),
        start_time=trace.began,
        end_time=told.ended,
        instrumentation_scope=_SCOPE,
    )
    for hop in trace.hops:
        more = {"error.type": hop.failure} if hop.failure else {}
        yield ReadableSpan(
            hop.kind,
            context=_context(TraceParent(trace.own.trace_id, hop.span_id, sampled=True), remote=False),
            parent=own,
            resource=resource,
            attributes={"goproxy.hop": hop.kind, **hop.attributes, **more},
            kind=SpanKind.CLIENT,
            status=Status(StatusCode.ERROR) if hop.failure else Status(),
            start_time=hop.began,
            end_time=hop.ended or told.ended,
            instrumentation_scope=_SCOPE,
        )


def _context(parent: TraceParent, *, remote: bool) -> SpanContext:
    return SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=remote, trace_flags=_SAMPLED)
