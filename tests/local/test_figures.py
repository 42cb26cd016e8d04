"""The figures of a fleet, summed up from the reports of its replicas."""

from __future__ import annotations

import pytest

from goproxy_operator.figures import FleetFigures, StorageFigures, fleet_figures
from modproxy.contract.report import Report
from tests.local.reports import report

NONE_USED = StorageFigures(0, 1000, 0)


@pytest.mark.parametrize(
    ("reports", "figures"),
    [
        pytest.param([], FleetFigures(None, None, None), id="nobody reported"),
        pytest.param([report()], FleetFigures(None, 0.0, NONE_USED), id="no request yet"),
        pytest.param(
            [report(hits=9, requests=10, per_second=1.5), report(hits=0, requests=90, per_second=2.0)],
            FleetFigures(9, 3.5, NONE_USED),
            id="the rate of hits is over all requests, no mean of rates",
        ),
        pytest.param([report(hits=999, requests=1000)], FleetFigures(99, 0.0, NONE_USED), id="100 means not one miss"),
        pytest.param(
            [report(used=500), report(used=90, capacity=100)],
            FleetFigures(None, 0.0, StorageFigures(90, 100, 90)),
            id="the fullest by percent, not by bytes",
        ),
        pytest.param(
            [report(used=300, capacity=200)],
            FleetFigures(None, 0.0, StorageFigures(300, 200, 150)),
            id="more than the capacity, after it shrank",
        ),
        pytest.param(
            [report(used=0, capacity=0)], FleetFigures(None, 0.0, StorageFigures(0, 0, 100)), id="no capacity is full"
        ),
    ],
)
def test_figures(reports: list[Report], figures: FleetFigures) -> None:
    assert fleet_figures(reports) == figures
