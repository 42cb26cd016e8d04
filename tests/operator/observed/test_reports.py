"""When a cache has been full for long."""

from __future__ import annotations

import pytest

from goproxy_operator.kube.resources import Key
from goproxy_operator.observed.reports import Reports
from goproxy_operator.observed.scrape import Answers
from modproxy.contract.report import ConfigState, Report, StorageState, Window
from tests.operator.objects import goproxy

FLEET = Key("build", "team-a")


def report(percent: int) -> Report:
    return Report(
        version="1",
        ready=True,
        uptime_seconds=1,
        config=ConfigState(hash="c", generation=1),
        storage=StorageState(used_bytes=percent, capacity_bytes=100, objects=1),
        window=Window(seconds=1, hits=0, requests=0, requests_per_second=0),
        requests={},
    )


@pytest.mark.parametrize(
    ("percents", "stayed_full"),
    [
        ([80] * 61, True),
        ([80] * 30, False),
        ([80] * 30 + [74] + [80] * 30, False),
        ([74] + [80] * 80, True),
        ([75] * 61, True),
    ],
    ids=["full for ten minutes", "not long enough", "once below", "below before", "just at the low watermark"],
)
def test_when_a_cache_has_been_full_for_long(percents: list[int], stayed_full: bool) -> None:
    reports = Reports(600)
    for number, percent in enumerate(percents):
        reports.take(FLEET, Answers({"team-a-0": report(10), "team-a-1": report(percent)}), number * 10.0)
    assert reports.stayed_full(FLEET, goproxy()) is stayed_full
    reports.start_again(FLEET)
    assert reports.stayed_full(FLEET, goproxy()) is False


@pytest.mark.parametrize(
    ("round_seconds", "after", "kept"), [(15, 59, True), (15, 61, False), (50, 149, True), (50, 151, False)]
)
def test_figures_outlive_a_missed_scrape(round_seconds: float, after: float, kept: bool) -> None:
    reports = Reports()
    reports.expect_every(round_seconds)
    reports.take(FLEET, Answers({"team-a-0": report(10)}), 0.0)
    reports.take(FLEET, Answers(), after)
    assert bool(reports.of(FLEET)) is kept
