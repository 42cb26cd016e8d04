"""How a replica tells another one how an answer came about. What it answers is tested with real replicas."""

import pytest

from modproxy.fleet.greeting import Outcome
from modproxy.server.peers import _error, _head
from modproxy.source.protocol import NotFound


@pytest.mark.parametrize("outcome", [Outcome.HIT, Outcome.STALE, Outcome.PEER])
def test_no_answer_becomes_younger_on_its_way(outcome: Outcome) -> None:
    """Two replicas that take a list from each other would else keep the list fresh for ever."""
    assert _head(outcome, 1, "", "", 59.2).headers["Age"] == "60"
    assert "Age" not in _head(outcome, 1, "", "", 0.0).headers
    assert _error(NotFound("absent", age=59.2), Outcome.NEGATIVE).headers["Age"] == "60"
