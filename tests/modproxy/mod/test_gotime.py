"""Which times the go command reads. What the table says was printed by encoding/json of Go 1.26."""

import pytest

from modproxy.mod.gotime import is_go_time


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024-01-01T01:04:05Z", True),
        ("2024-01-01T01:04:05+02:00", True),
        ("2024-01-01T1:04:05Z", True),
        ("2024-01-01T01:04:05,5Z", True),
        ("2024-01-01T01:04:05.123456789123Z", True),
        ("0000-02-29T00:00:00Z", True),
        ("2024-02-29T00:00:00Z", True),
        ("2023-02-29T00:00:00Z", False),
        ("2024-13-01T00:00:00Z", False),
        ("2024-01-01T01:04:05+25:00", False),
        # Go reads this offset and cannot write it.
        ("2024-01-01T01:04:05+24:00", False),
        ("2024-01-01T01:04:05.Z", False),
        ("2024-01-01t01:04:05z", False),
        ("2024-01-01T24:00:00Z", False),
        ("2024-01-01T23:59:60Z", False),
        ("2024-01-01T1:4:5Z", False),
        ("2024-01-01 01:04:05Z", False),
        ("2024-01-01T01:04:05+0100", False),
        ("2024-01-01T01:04:05", False),
        ("2024-01-01T001:04:05Z", False),
        ("2024-01-01", False),
        ("", False),
        ("yesterday", False),
        ("\u0662024-01-01T01:04:05Z", False),
    ],
)
def test_times(text: str, read: bool) -> None:
    assert is_go_time(text) is read
