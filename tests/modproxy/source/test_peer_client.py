"""What the answer of another replica means."""

import pytest

from modproxy.fleet.greeting import STATUS
from modproxy.source.peer_client import PeerFailed, PeerSays, age_of, error_of
from modproxy.source.protocol import Denied, Mismatch, NotFound, SourceError, Unavailable


@pytest.mark.parametrize(
    ("status", "outcome", "kind"),
    [
        (404, "miss", NotFound),
        (410, "miss", NotFound),
        (404, "negative", NotFound),
        (403, "denied", Denied),
        (502, "miss", Unavailable),
        (503, "miss", Unavailable),
        (504, "miss", Unavailable),
        (502, "mismatch", Mismatch),
    ],
)
def test_the_word_of_the_owner_counts(status: int, outcome: str, kind: type[SourceError]) -> None:
    found = error_of(status, {STATUS: outcome, "Retry-After": "7", "Age": "3"}, "why")
    assert isinstance(found, PeerSays)
    error = found.error
    assert (type(error), error.status, error.reason) == (kind, status, "why")
    if isinstance(error, NotFound):
        assert error.age == (3.0 if outcome == "negative" else None)
    if type(error) is Unavailable:
        assert error.retry_after == "7"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (503, "refused"), (401, "refused"), (403, "refused"), (508, "refused"), (405, "refused"), (400, "refused"),
        (500, "refused"), (404, "refused"), (404, "notHeld"), (404, None), (503, None), (200, None), (404, "best"),
        (508, "miss"), (500, "miss"), (403, "miss"), (404, "denied"), (200, "denied"), (302, "miss"), (404, "hit"),
    ],
)  # fmt: skip
def test_otherwise_another_way_is_taken(status: int, outcome: str | None) -> None:
    assert isinstance(error_of(status, {STATUS: outcome} if outcome else {}, "why"), PeerFailed)


@pytest.mark.parametrize(
    ("text", "age"),
    [(None, None), ("0", 0.0), ("17", 17.0), ("-1", None), ("1.5", None), ("x", None), ("9" * 30, None), ("٣", None)],
)
def test_ages(text: str | None, age: float | None) -> None:
    assert age_of(text) == age
