"""Durations, as Go and Kubernetes write them."""

import pytest

from modproxy.contract.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("0", 0), ("1.5h", 5400), ("720h", 2592000), ("1ns", 1e-9)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 s", "1d", "1s\n", "٣s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)
