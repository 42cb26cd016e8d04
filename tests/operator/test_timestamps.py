"""Times as the API server writes them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from goproxy_operator.timestamps import format_micro_time, format_time, moment_of, parse_time

NOON = datetime(2026, 3, 1, 12, 0, 5, 1200, UTC)


@pytest.mark.parametrize("moment", [NOON, NOON.astimezone(timezone(timedelta(hours=5)))])
def test_every_time_is_written_in_utc(moment: datetime) -> None:
    assert format_time(moment) == "2026-03-01T12:00:05Z"
    assert format_micro_time(moment) == "2026-03-01T12:00:05.001200Z"


def test_a_time_is_read_as_it_is_written() -> None:
    assert parse_time(format_time(NOON)) == NOON.replace(microsecond=0)


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="does not match"):
        parse_time("yesterday")


def test_a_time_of_either_form_is_read_from_what_others_wrote() -> None:
    assert moment_of(format_time(NOON)) == NOON.replace(microsecond=0)
    assert moment_of(format_micro_time(NOON)) == NOON
    for text in ("yesterday", "2026-03-01T12:00:05", "", None, 7):
        assert moment_of(text) is None
