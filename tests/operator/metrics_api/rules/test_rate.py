"""From what replicas report to one rate; never a 0 or too little because somebody was silent."""

from __future__ import annotations

import pytest

from goproxy_operator.metrics_api.rules.rate import NoDataError, ScrapedReplica, fleet_rate, milli
from modproxy.contract.report import ConfigState, Report, StorageState, Window

READY, STARTING, GOING = (
    ScrapedReplica(ready=True),
    ScrapedReplica(ready=False),
    ScrapedReplica(ready=True, terminating=True),
)


def lately(requests: int, seconds: float) -> Report:
    return report(
        Window(seconds=1, hits=0, requests=0, requests_per_second=77, recent_requests=requests, recent_seconds=seconds)
    )


def older(rate: float, uptime: float = 600) -> Report:
    """A replica that says its last minute only."""
    return report(Window(seconds=1, hits=0, requests=0, requests_per_second=rate), uptime)


def report(window: Window, uptime: float = 600) -> Report:
    return Report(
        version="1",
        ready=True,
        uptime_seconds=uptime,
        config=ConfigState(hash="c", generation=1),
        storage=StorageState(used_bytes=0, capacity_bytes=1, objects=0),
        window=window,
        requests={},
    )


@pytest.mark.parametrize(
    ("scraped", "reports", "rate"),
    [
        # All answer.
        ({"a": READY}, {"a": lately(3000, 30)}, 100),
        ({"a": READY}, {"a": lately(0, 30)}, 0),
        ({"a": READY, "b": READY}, {"a": lately(3000, 30), "b": lately(2000, 20)}, 200),
        # One that just started counts with its few requests, not with its rate: the other's window still has the rest.
        ({"a": READY, "b": READY}, {"a": lately(15000, 20), "b": lately(1000, 2)}, 800),
        # A fleet that just started has no longer window.
        ({"a": READY, "b": STARTING}, {"a": lately(500, 5), "b": lately(100, 1)}, 120),
        ({"a": READY}, {"a": lately(3, 0.01)}, 3),
        # Older replicas, and both kinds.
        ({"a": READY, "b": READY}, {"a": older(100), "b": older(50)}, 150),
        ({"a": READY, "b": READY}, {"a": older(100), "b": older(250, uptime=2)}, 125),
        ({"a": READY, "b": READY}, {"a": older(100), "b": lately(2000, 20)}, 200),
        # A ready one is silent: it is taken to have what the others have.
        ({"a": READY, "b": READY, "c": READY}, {"a": lately(3000, 30), "b": lately(6000, 30)}, 450),
        ({"a": READY, "b": READY}, {"a": lately(3000, 30)}, 200),
        # One that starts or goes is not missed, and counts if it answers.
        ({"a": READY, "b": STARTING, "c": GOING}, {"a": lately(3000, 30)}, 100),
        ({"a": READY, "b": GOING}, {"a": lately(3000, 30), "b": lately(300, 30)}, 110),
        ({"a": STARTING}, {"a": lately(3000, 30)}, 100),
    ],
)
def test_rate(scraped: dict[str, ScrapedReplica], reports: dict[str, Report], rate: float) -> None:
    assert fleet_rate(scraped, reports) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("scraped", "reports", "message", "exists"),
    [
        ({}, {}, "the fleet has no replica that runs", False),
        ({"a": READY, "b": READY}, {}, "none of 2 replicas has answered on its admin port", True),
        ({"a": STARTING}, {}, "none of 1 replicas has answered on its admin port", True),
        (
            {"a": READY, "b": READY, "c": READY},
            {"a": lately(3000, 30)},
            "only 1 of 3 ready replicas have answered; silent: b, c",
            True,
        ),
        (
            {"a": READY, "b": STARTING},
            {"b": lately(0, 1)},
            "only 0 of 1 ready replicas have answered; silent: a",
            True,
        ),
    ],
)
def test_no_data_is_an_error(
    scraped: dict[str, ScrapedReplica], reports: dict[str, Report], message: str, exists: bool
) -> None:
    with pytest.raises(NoDataError) as error:
        fleet_rate(scraped, reports)
    assert (str(error.value), error.value.exists) == (message, exists)


@pytest.mark.parametrize(("rate", "text"), [(0, "0m"), (412.5, "412500m"), (0.0004, "0m"), (1 / 3, "333m")])
def test_milli(rate: float, text: str) -> None:
    assert milli(rate) == text
