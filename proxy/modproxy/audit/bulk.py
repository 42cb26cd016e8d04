"""Requests to Elasticsearch's bulk API, and what their answers say of each document. Pure.

Sources: Elasticsearch's and OpenSearch's "Bulk API". An item of status 409 is a document whose id is there already: it
was sent before. Only the operation `create` is allowed in data streams.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from modproxy.quoting import quoted

FILTER = "errors,items.*.status,items.*.error.type,items.*.error.reason"
"""`filter_path`: what is needed of an answer, which has a few hundred bytes a document otherwise."""
_CREATED = (200, 201, 409)
_BUSY = 429
_LONGEST_REASON = 200


class BulkAnswerError(ValueError):
    """The answer is none of the bulk API; the message goes on from the receiver's URL."""


@dataclass(frozen=True, slots=True)
class Document:
    """Holds a record, and the id that all tries to send it have."""

    id: str
    line: str


@dataclass(slots=True)
class Outcome:
    """Says what became of the documents of one request."""

    stored: int = 0
    again: list[Document] = field(default_factory=list)
    """Those to send once more."""
    rejected: int = 0
    """How many the index does not take, and never will."""
    reason: str = ""
    """Why the first of them was rejected, or is to be sent again; empty when all are stored."""


def body(documents: Sequence[Document]) -> bytes:
    """Return the body of a request: two lines for each document, the last one with its line break too."""
    return "".join(f'{{"create":{{"_id":"{one.id}"}}}}\n{one.line}\n' for one in documents).encode("ascii")


def pieces(documents: Sequence[Document], most_bytes: int, most: int) -> list[list[Document]]:
    """Split documents into requests. One that is larger than `most_bytes` is alone."""
    found: list[list[Document]] = []
    size = most_bytes
    for one in documents:
        bytes_of_one = len(one.id) + len(one.line) + 32
        if size + bytes_of_one > most_bytes or len(found[-1]) >= most:
            found.append([])
            size = 0
        found[-1].append(one)
        size += bytes_of_one
    return found


def read_answer(raw: bytes, documents: Sequence[Document]) -> Outcome:
    """Say what became of each document. Raises `BulkAnswerError`."""
    try:
        answer = json.loads(raw)
        items = answer["items"]
        results = [_result(item) for item in items]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BulkAnswerError("gives an answer that is none of the bulk API: check the URL") from None
    if len(results) != len(documents):
        raise BulkAnswerError("answers for another number of documents than it was sent: check what is in between")
    outcome = Outcome()
    for one, (status, reason) in zip(documents, results, strict=True):
        if status in _CREATED:
            outcome.stored += 1
            continue
        outcome.reason = outcome.reason or f"status {status}: {reason}"
        if status == _BUSY or status >= 500:
            outcome.again.append(one)
        else:
            outcome.rejected += 1
    return outcome


def _result(item: dict[str, Any]) -> tuple[int, str]:
    (result,) = item.values()
    error = result.get("error") or {}
    said = " ".join(str(error.get(key, "")) for key in ("type", "reason")) if isinstance(error, dict) else str(error)
    status = result["status"]
    if not isinstance(status, int):
        raise TypeError("a status is a number")
    return status, quoted(said, _LONGEST_REASON)
