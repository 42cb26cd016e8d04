"""The answers that tell clients of errors: a status that keeps its meaning, and at most eight lines."""

import pytest

from modproxy.server.decide.errors import ErrorAnswer, explained, failure, traced
from modproxy.source.protocol import Denied, Mismatch, NotFound, SourceError, Unavailable
from modproxy.tracing.traceparent import TraceParent


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (NotFound("why"), 404, "not found: why\n"),
        (NotFound("why", 410), 410, "not found: why\n"),
        (Denied("why"), 403, "forbidden: why\n"),
        (Unavailable("why"), 502, "upstream trouble: why\n"),
        (Unavailable("why", 504), 504, "upstream trouble: why\n"),
        (Mismatch("why"), 502, "upstream trouble: why\n"),
    ],
)
def test_what_a_source_raised(error: SourceError, status: int, text: str) -> None:
    answer = failure(error, named=True)
    assert (answer.status, answer.text, dict(answer.headers)) == (status, text, {})


def test_when_to_come_back_is_passed_on() -> None:
    assert failure(Unavailable("busy", 503, retry_after="7"), named=True).headers == {"Retry-After": "7"}


def test_no_more_than_the_go_command_prints() -> None:
    assert ErrorAnswer(400, "\n".join("123456789")).text == "1\n2\n3\n4\n5\n6\n7\n8\n"
    assert len(ErrorAnswer(400, "x" * 100_000).text) == 8001
    assert ErrorAnswer(400, "a\x1b[2J\rb\u202e\nc").text == "a\\x1b[2J\\rb\\u202e\nc\n"


DOCS = "https://docs.example.com/goproxy"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 502, 503, 504, 508])
def test_an_error_names_the_page_about_it(status: int) -> None:
    answer = explained(ErrorAnswer(status, "why\n", {"Retry-After": "7"}), DOCS)
    first, last = answer.text.splitlines()
    assert first == "why"
    assert last.startswith(f"help: {DOCS}/symptoms.md#")
    assert (answer.status, answer.headers) == (status, {"Retry-After": "7"})


def test_a_mismatch_has_a_page_of_its_own() -> None:
    assert explained(ErrorAnswer(502, "why"), DOCS, mismatch=True).text.endswith("#checksum-mismatch\n")


@pytest.mark.parametrize("status", [405, 421, 499, 500, 501])
def test_an_error_without_a_page(status: int) -> None:
    assert explained(ErrorAnswer(status, "why"), DOCS) == ErrorAnswer(status, "why")


def test_nobody_says_where_the_pages_are() -> None:
    assert explained(ErrorAnswer(403, "why"), None, mismatch=True) == ErrorAnswer(403, "why")


@pytest.mark.parametrize("reason", ["\n".join("1234567"), "x" * 545, "\n".join(["y" * 275] * 2)])
def test_the_page_displaces_nothing_that_go_prints(reason: str) -> None:
    """With the trace, go would print at most eight lines, and 648 bytes with two before each line but the first."""
    assert explained(ErrorAnswer(403, reason), DOCS).reason == reason


def test_the_page_and_the_trace() -> None:
    own = TraceParent("a" * 32, "b" * 16, sampled=True)
    lines = traced(explained(ErrorAnswer(403, "\n".join("123456")), DOCS), own).text.splitlines()
    assert lines == [*"123456", f"help: {DOCS}/symptoms.md#403-forbidden", f"trace {'a' * 32}"]
    assert sum(len(line) + 2 for line in lines[-1:]) <= 40
