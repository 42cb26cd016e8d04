"""How fleets are counted by their conditions."""

from __future__ import annotations

from goproxy_operator.kube.resources import Key
from goproxy_operator.metrics import FLEETS, REGISTRY
from goproxy_operator.reconcile.status.tally import Tally


def fleets(condition: str, status: str) -> float | None:
    return REGISTRY.get_sample_value("goproxy_operator_fleets", {"condition": condition, "status": status})


def saying(**conditions: str) -> dict[str, object]:
    return {"status": {"conditions": [{"type": kind, "status": status} for kind, status in conditions.items()]}}


def test_fleets_are_counted_by_condition() -> None:
    tally = Tally()
    tally.note(Key("build", "a"), saying(Ready="True"))
    tally.note(Key("build", "b"), saying(Ready="False", Stalled="True"))
    assert (fleets("Ready", "True"), fleets("Ready", "False"), fleets("Stalled", "True")) == (1, 1, 1)
    tally.note(Key("build", "b"), saying(Ready="True"))
    assert (fleets("Ready", "True"), fleets("Ready", "False"), fleets("Stalled", "True")) == (2, 0, 0)
    tally.note(Key("build", "a"), None)
    tally.note(Key("build", "c"), {})
    assert fleets("Ready", "True") == 1
    FLEETS.clear()
