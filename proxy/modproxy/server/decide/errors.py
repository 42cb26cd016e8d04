"""Errors as answers: a status, and words for people. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from modproxy.source.protocol import SourceError, Unavailable

_LINES = 8
"""The go command prints no more of an error's body."""
_LONGEST = 8000
"""Characters of an error's body; eight lines that were longer would be no reading for a terminal."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """What a client is told instead of what it asked for."""

    status: int
    reason: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body: plain text of at most eight lines."""
        return "\n".join(self.reason.strip().splitlines()[:_LINES])[:_LONGEST] + "\n"


def failure(error: SourceError) -> ErrorAnswer:
    """Answer with what a source raised: its status keeps its meaning for the go command."""
    phrase = {404: "not found", 410: "not found", 403: "forbidden"}.get(error.status, "upstream trouble")
    headers = {"Retry-After": error.retry_after} if isinstance(error, Unavailable) and error.retry_after else {}
    return ErrorAnswer(error.status, f"{phrase}: {error.reason}", headers)


FAULT = ErrorAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of this proxy; its log tells more")
