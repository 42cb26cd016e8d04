"""The answers that tell a client of an error: a status, and a reason for people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from modproxy.quoting import escape_controls
from modproxy.source.protocol import SourceError, Unavailable, Unpublished
from modproxy.tracing.traceparent import TraceParent

_LINES = 8
"""The go command prints no more lines of an error's body (cmd/go/internal/web)."""
_LONGEST = 8000
"""Characters of an error's body, because eight longer lines could not be read on a terminal."""


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
