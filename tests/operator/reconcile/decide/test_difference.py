"""Whether what is desired is in what is live."""

from __future__ import annotations

import pytest

from goproxy_operator.reconcile.decide.difference import subset


@pytest.mark.parametrize(
    ("wanted", "held", "holds"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ([{"a": 1}], [{"a": 1, "b": 2}], True),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
        ([1, 2], [2, 1], False),
        ({"a": 1}, None, False),
        ("1", 1, False),
    ],
)
def test_subset(wanted: object, held: object, holds: bool) -> None:
    assert subset(wanted, held) is holds
