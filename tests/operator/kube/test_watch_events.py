"""Which lines of a watch are events."""

from __future__ import annotations

import pytest

from goproxy_operator.kube.watch_events import GarbledError, parse_event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\x00",
        b'{"type": "ADDED", "obj',
        b"{}",
        b"[]",
        b"1",
        b'{"type": "ADDED", "object": null}',
        b'{"type": "ADDED", "object": {"metadata": {"resourceVersion": "x"}}}',
        b'{"type": "MADE", "object": {"metadata": {"resourceVersion": "1"}}}',
        b'{"type": "ERROR", "object": 1}',
    ],
)
def test_what_is_no_event_is_told(line: bytes) -> None:
    with pytest.raises(GarbledError):
        parse_event(line)


def test_events_are_taken() -> None:
    event = {"type": "ADDED", "object": {"metadata": {"resourceVersion": "12"}}}
    assert parse_event(b'{"type": "ADDED", "object": {"metadata": {"resourceVersion": "12"}}}\n') == event
    assert parse_event(b'{"type": "ERROR", "object": {"code": 410}}\n')["object"] == {"code": 410}
