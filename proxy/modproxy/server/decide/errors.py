"""The answers that tell a client of an error: a status, and a reason for people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from modproxy.quoting import escape_controls
from modproxy.source.protocol import SourceError, Unavailable, Unpublished
from modproxy.tracing.traceparent import TraceParent

_LINES = 8
"""The go command prints no more lines of an error's body (cmd/go/internal/web)."""
_MOST_BYTES = 8 * 81
"""The go command prints no line of an error's body that goes beyond (cmd/go/internal/web, maxErrorDetailBytes)."""
_PER_LINE = 2
"""The bytes that the go command puts before each line but the first, and counts."""
_LONGEST = 8000
"""Characters of an error's body, because eight longer lines could not be read on a terminal."""
_TRACE_BYTES = 40
"""The size of the line that names a trace."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """Tells a client why the request failed."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body of the response: plain text of at most eight lines."""
        lines = self.reason.strip().split("\n")[:_LINES]
        return "\n".join(map(escape_controls, lines))[:_LONGEST] + "\n"


def failure(error: SourceError, *, named: bool) -> ErrorAnswer:
    """Make the answer for an error of a source. The status keeps its meaning for the go command.

    `named` says whether the client may learn names of users.
    """
    phrase = {404: "not found", 410: "not found", 403: "forbidden"}.get(error.status, "upstream trouble")
    headers = {"Retry-After": error.retry_after} if isinstance(error, Unavailable) and error.retry_after else {}
    by = f" by {error.by}" if named and isinstance(error, Unpublished) and error.by else ""
    return ErrorAnswer(error.status, f"{phrase}: {error.reason}{by}", headers)


_SYMPTOMS: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "400-bad-request",
    HTTPStatus.UNAUTHORIZED: "401-unauthorized",
    HTTPStatus.FORBIDDEN: "403-forbidden",
    HTTPStatus.NOT_FOUND: "404-not-found-and-410-gone",
    HTTPStatus.GONE: "404-not-found-and-410-gone",
    HTTPStatus.TOO_MANY_REQUESTS: "429-too-many-requests",
    HTTPStatus.BAD_GATEWAY: "502-bad-gateway-503-504",
    HTTPStatus.SERVICE_UNAVAILABLE: "502-bad-gateway-503-504",
    HTTPStatus.GATEWAY_TIMEOUT: "502-bad-gateway-503-504",
    HTTPStatus.LOOP_DETECTED: "508-loop-detected",
}
"""The part of docs/symptoms.md that is about a status."""
_MISMATCH = "checksum-mismatch"


def explained(error: ErrorAnswer, docs: str | None, *, mismatch: bool = False) -> ErrorAnswer:
    """Name the part of docs/symptoms.md that is about the error, in a last line. `docs` is where clients read it.

    The error is left alone where the go command would not print the line, or would leave out another one for it.
    """
    part = _MISMATCH if mismatch else _SYMPTOMS.get(error.status)
    if docs is None or part is None:
        return error
    lines = [*error.text.splitlines(), f"help: {docs}/symptoms.md#{part}"]
    size = sum(len(line.encode()) + _PER_LINE for line in lines)
    if len(lines) >= _LINES or size > _MOST_BYTES - _TRACE_BYTES:  # `traced` may add the last line
        return error
    return replace(error, reason="\n".join(lines))


TRACE_RESPONSE = "Traceresponse"
"""The header of an answer that names its trace (W3C Trace Context, level 2)."""


def traced(error: ErrorAnswer, own: TraceParent) -> ErrorAnswer:
    """Name the trace in a header, and in the text, which the go command shows. An absence is common, and its text is
    left alone.
    """
    headers = {**error.headers, TRACE_RESPONSE: str(own)}
    if error.status in (404, 410):
        return replace(error, headers=headers)
    lines = error.reason.strip().split("\n")[: _LINES - 1]
    return replace(error, reason="\n".join([*lines, f"trace {own.trace_id}"]), headers=headers)


FAULT = ErrorAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of this proxy; its log tells more")
