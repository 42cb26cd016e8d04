"""The status and the headers of a response, made from the answer and the client's conditional headers. Pure.

Source of the rules: RFC 9110, sections 13 (conditional requests) and 14 (ranges), RFC 9211 (Cache-Status), and "GOPROXY
protocol" of the Go Modules Reference for content types.
"""

from dataclasses import dataclass
from http import HTTPStatus

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.mod.target import Kind
from modproxy.request import AnyTarget

CONTENT_TYPES = {
    Kind.INFO: "application/json",
    Kind.QUERY: "application/json",
    Kind.LATEST: "application/json",
    Kind.MOD: "text/plain; charset=utf-8",
    Kind.LIST: "text/plain; charset=utf-8",
    Kind.ZIP: "application/zip",
    Kind.LOOKUP: "text/plain; charset=utf-8",
    Kind.TREE: "text/plain; charset=utf-8",
    Kind.TILE: "application/octet-stream",
}
SERVER = "modproxy"
REQUEST_ID = "X-Request-Id"
_CACHE_STATUS = {
    CacheStatus.MISS: f"{SERVER}; fwd=miss; stored",
    CacheStatus.STALE: f"{SERVER}; hit; detail=stale",
}
_IMMUTABLE = "public, max-age=31536000, immutable"
_MAY_CHANGE = "public, max-age=60"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Carries the conditional headers of a client, parsed. A header that cannot be parsed counts as absent."""

    none_match: tuple[str, ...] = ()
    """The tags of If-None-Match, without quotes; `*` stands for any tag."""
    if_range: str | None = None
    """The If-Range header, unparsed."""
    span: slice | None = None
    """The range of the Range header, if the header has exactly one."""


@dataclass(frozen=True, slots=True)
class Head:
    """Tells the sender how a response begins, and which bytes of the file follow."""

    status: int
    headers: dict[str, str]
    span: range
    """Which bytes of the body are sent; empty for a response without a body, and for a fetch under way."""
    length: int | None
    """How many bytes the response's body has. None when this is not known, and for a response that has no body by rule.
    """


def head_of(target: AnyTarget, answer: Answer, conditions: Conditions, request_id: str) -> Head:
    """Decide the status, the headers and the bytes of the response."""
    headers = {REQUEST_ID: request_id, **_headers(target, answer)}
    if answer.size is None or answer.follower is not None:
        # A fetch under way has neither a checked size nor a tag yet, and a file that was not fetched has none.
        return Head(HTTPStatus.OK, headers, range(0), answer.size)
    size = answer.size
    is_file = answer.body is None or target.kind is Kind.ZIP
    if is_file:
        headers["Accept-Ranges"] = "bytes"
    if answer.etag is not None:
        headers["ETag"] = f'"{answer.etag}"'
        if answer.etag in conditions.none_match or "*" in conditions.none_match:
            return Head(HTTPStatus.NOT_MODIFIED, headers, range(0), None)
    span = _span(conditions, headers.get("ETag"), size) if is_file else range(size)
    if span is None:
        headers["Content-Range"] = f"bytes */{size}"
        return Head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers, range(0), 0)
    if len(span) == size:
        return Head(HTTPStatus.OK, headers, span, size)
    headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{size}"
    return Head(HTTPStatus.PARTIAL_CONTENT, headers, span, len(span))


def _headers(target: AnyTarget, answer: Answer) -> dict[str, str]:
    fetched = answer.follower is not None or answer.size is not None
    headers = {
        "Server": SERVER,
        "Content-Type": CONTENT_TYPES[target.kind],
        "Cache-Control": _IMMUTABLE if target.immutable else _MAY_CHANGE,
        "Cache-Status": _CACHE_STATUS.get(answer.status, f"{SERVER}; hit") if fetched else f"{SERVER}; fwd=miss",
    }
    if answer.age >= 1:
        headers["Age"] = str(int(answer.age))
    return headers


def _span(conditions: Conditions, etag: str | None, size: int) -> range | None:
    """Return the bytes to send; None for a range outside the file."""
    whole = range(size)
    if conditions.span is None or (conditions.if_range is not None and conditions.if_range != etag):
        return whole
    return whole[conditions.span] or None
