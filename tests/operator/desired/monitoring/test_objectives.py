"""The objectives of a fleet, and the burn rates that are alerts."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.desired.monitoring.objective_rules import objectives_group
from goproxy_operator.desired.monitoring.objectives import DEFAULTS, objectives
from tests.operator.objects import goproxy


def percents(**spec: Any) -> dict[str, float]:
    return {one.name: one.percent for one in objectives(goproxy(**spec))}


def test_what_is_not_written_has_a_default_and_0_is_none() -> None:
    assert percents() == {name: float(percent) for name, percent in DEFAULTS.items()}
    written = {"availability": "99.95", "hitRate": "0"}
    assert percents(monitoring={"objectives": written}) == {"availability": 99.95, "fastHits": 99.0, "storage": 99.0}


def test_the_storage_may_be_as_full_as_the_fleet_wants_it() -> None:
    cache = {"highWatermarkPercent": 95}
    (storage,) = (one for one in objectives(goproxy(cache=cache)) if one.name == "storage")
    (rule,) = (
        rule
        for rule in objectives_group(goproxy(), [storage], "docs")["rules"]
        if rule.get("record") == "goproxy:objective_bad:rate5m"
    )
    assert "> bool 0.95" in rule["expr"]
    assert "95 % full" in storage.good


@pytest.mark.parametrize(
    ("name", "percent", "windows"),
    [
        ("availability", "99.9", ["1h", "6h", "1d", "3d"]),
        # 14.4 times a budget of a tenth is more than all requests.
        ("availability", "90", ["6h", "1d", "3d"]),
        ("availability", "50", ["3d"]),
        ("fastHits", "99", ["1h", "6h", "1d", "3d"]),
        # Nobody has to get up for these.
        ("hitRate", "75", ["1d", "3d"]),
        ("storage", "99", ["1d", "3d"]),
    ],
)
def test_alerts_are_made_of_burn_rates_that_can_be(name: str, percent: str, windows: list[str]) -> None:
    fleet = goproxy(monitoring={"objectives": {name: percent}})
    (chosen,) = (one for one in objectives(fleet) if one.name == name)
    rules = objectives_group(fleet, [chosen], "docs")["rules"]
    assert [rule["labels"]["window"] for rule in rules if "alert" in rule] == windows
