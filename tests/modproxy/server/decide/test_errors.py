"""The answers that tell clients of errors: a status that keeps its meaning, and at most eight lines."""

import pytest

from modproxy.server.decide.errors import ErrorAnswer, failure
from modproxy.source.protocol import Denied, Mismatch, NotFound, SourceError, Unavailable


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
