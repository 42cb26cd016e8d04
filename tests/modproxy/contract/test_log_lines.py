"""Lines of the log: one for each event, and not too many."""

import json
import logging
import sys

import pytest

from modproxy.contract.log_lines import REQUEST_ID, JsonFormatter, LineFormatter, RateLimit, RequestNamed
from modproxy.quoting import escape_controls, quoted


def record(text: str, *args: object, error: Exception | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error else None
    return logging.LogRecord("modproxy", logging.INFO, "", 0, text, args, info)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words, é and 日本", "plain words, é and 日本"),
        ("a\n2026-01-01 ERROR forged", "a\\n2026-01-01 ERROR forged"),
        ("\x1b[2J\r\x07\x7f\x9b", "\\x1b[2J\\r\\x07\\x7f\\x9b"),
        ("\u202e\u2028\u00a0\ufeff", "\\u202e\\u2028\\xa0\\ufeff"),
    ],
)
def test_control_characters(text: str, written: str) -> None:
    assert escape_controls(text) == written
    assert LineFormatter("%(levelname)s %(message)s").format(record("%s", text)) == f"INFO {written}"


def test_a_long_message_is_cut() -> None:
    assert len(LineFormatter("%(message)s").format(record("%s", "x" * 100_000))) == 4004


def test_a_traceback_forges_no_line() -> None:
    written = LineFormatter("%(message)s").format(record("broken", error=ValueError("a\nERROR forged \x1b")))
    first, *others = written.split("\n")
    assert first == "broken"
    assert others
    assert all(line.startswith("    ") for line in others)
    assert "\x1b" not in written


def test_lines_that_repeat_are_left_out_and_counted() -> None:
    now = [0.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.filter(record("down: %s", "a")) for _ in range(15)] == [True] * 10 + [False] * 5
    assert limit.filter(record("another"))
    now[0] = 61.0
    later = record("down: %s", "b")
    assert limit.filter(later)
    assert later.getMessage() == "down: b (5 lines like this were left out)"
    assert limit.filter(record("down: %s", "b"))


def test_lines_of_one_kind_have_a_limit() -> None:
    limit = RateLimit(lambda: 0.0)
    assert sum(limit.filter(record("fetched %d", number)) for number in range(3000)) == 2000
    assert limit.filter(record("other"))


def test_lines_of_one_cause_have_a_smaller_limit() -> None:
    limit = RateLimit(lambda: 0.0)
    written: list[str] = []
    for number in range(50):
        for cause in ("a is down", "b is down"):
            made = record("not fetched: %s", f"m{number}")
            made.cause = cause
            if limit.filter(made):
                written.append(cause)
    assert written == ["a is down", "b is down"] * 20
    assert limit.filter(record("not fetched: %s", "without a cause"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gone", '"gone"'),
        ("  one\n\n two\r\nthree ", '"one; two; three"'),
        ("\x1b[31mred\x00\x7f", '"\\x1b[31mred\\x00\\x7f"'),
        ("a\u2028b\u202ec\u0085d", '"a; b\\u202ec; d"'),
        ("x" * 600, f'"{"x" * 500}..."'),
        ("", '""'),
    ],
)
def test_a_text_from_outside_is_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_a_line_in_json_has_the_same_fields_for_each_event() -> None:
    made = record("not fetched: %s", 'a\n\u202e{}"')
    made.host = "git.example.com\n"
    made.unknown = "left out"
    line = JsonFormatter({"namespace": "build", "fleet": "team-a"}).format(made)
    assert "\n" not in line
    assert line.isascii()
    told = json.loads(line)
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "INFO",
        "logger": "modproxy",
        "message": 'not fetched: a\\n\\u202e{}"',
        "namespace": "build",
        "fleet": "team-a",
        "host": "git.example.com\\n",
    }


def test_a_traceback_in_json_is_one_field_of_one_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        made = logging.LogRecord("x", logging.ERROR, "", 0, "it %s", ("broke",), sys.exc_info())
    line = JsonFormatter().format(made)
    assert "\n" not in line
    told = json.loads(line)
    assert told["message"] == "it broke"
    assert told["exception"].startswith("Traceback")
    assert "ValueError: a\nb" in told["exception"]


def test_a_line_in_json_is_cut() -> None:
    assert len(json.loads(JsonFormatter().format(record("%s", "x" * 100_000)))["message"]) == 4004


def test_a_line_names_the_request_that_it_is_about() -> None:
    about = record("not fetched: %s", "example.com/m")
    token = REQUEST_ID.set("req-1")
    try:
        assert RequestNamed().filter(about)
    finally:
        REQUEST_ID.reset(token)
    assert LineFormatter("%(message)s").format(about) == "not fetched: example.com/m [req_id req-1]"
    assert json.loads(JsonFormatter().format(about))["req_id"] == "req-1"
    assert json.loads(JsonFormatter().format(about))["message"] == "not fetched: example.com/m"
    of_none = record("serving")
    assert RequestNamed().filter(of_none)
    assert "req_id" not in JsonFormatter().format(of_none)
