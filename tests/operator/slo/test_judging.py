"""Whether a release made an objective worse: cases of what was measured before and after it."""

from __future__ import annotations

import pytest

from goproxy_operator.api.monitoring import ObjectivesSpec
from goproxy_operator.desired.monitoring.objectives import made_objectives
from goproxy_operator.output import drawn
from goproxy_operator.slo.judging import Measured, Verdict, failing, judge
from goproxy_operator.slo.view import check_view

AVAILABILITY, HIT_RATE, _, STORAGE = made_objectives(ObjectivesSpec())
DAY = 1_000_000


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((100, DAY), (5, 50_000), Verdict.MET),
        # Twice as many as before, and still fewer than one of a thousand.
        ((100, DAY), (40, 50_000), Verdict.WORSE_WITHIN),
        ((100, DAY), (1000, 50_000), Verdict.WORSE),
        # One failure more in a thousand requests is chance.
        ((500, DAY), (2, 1_000), Verdict.MISSED_BEFORE),
        ((2_000, DAY), (100, 50_000), Verdict.MISSED_BEFORE),
        ((2_000, DAY), (1_000, 50_000), Verdict.WORSE),
        ((2_000, DAY), (10, 50_000), Verdict.MET),
        ((0, 0), (1_000, 50_000), Verdict.MISSED),
        ((0, 0), (0, 50_000), Verdict.MET),
        ((100, DAY), (50, 99), Verdict.TOO_FEW),
        ((0, DAY), (0, 0), Verdict.TOO_FEW),
        ((DAY, DAY), (50_000, 50_000), Verdict.MISSED_BEFORE),
    ],
)
def test_availability(before: tuple[int, int], after: tuple[int, int], verdict: Verdict) -> None:
    found = judge(AVAILABILITY, Measured(*before), Measured(*after))
    assert found.verdict is verdict
    assert failing([found], needs_data=False) is (verdict in (Verdict.WORSE, Verdict.MISSED))


def test_each_objective_has_its_own_budget() -> None:
    before, after = Measured(10_000, 100_000), Measured(2_000, 10_000)
    assert judge(HIT_RATE, before, after).verdict is Verdict.WORSE_WITHIN
    assert judge(STORAGE, before, after).verdict is Verdict.WORSE


def test_a_prometheus_that_has_nothing_of_the_fleet_is_told() -> None:
    unknown = judge(AVAILABILITY, Measured(0, 0), Measured(0, 0))
    few = judge(AVAILABILITY, Measured(0, 9), Measured(0, 0))
    assert "nothing of this fleet: check NAME" in drawn(check_view("build/team-z", [unknown], fails=False))
    assert "fewer than 100 events" in drawn(check_view("build/team-a", [unknown, few], fails=False))


def test_a_pipeline_may_need_figures() -> None:
    silent = judge(AVAILABILITY, Measured(0, 0), Measured(0, 0))
    assert not failing([silent], needs_data=False)
    assert failing([silent], needs_data=True)
