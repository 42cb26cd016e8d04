"""The dashboards for Grafana."""

from __future__ import annotations

import json

import pytest

from goproxy_operator.desired.monitoring.dashboard import dashboard, fleets_dashboard
from goproxy_operator.desired.monitoring.operator_dashboard import operator_dashboard
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import UID, goproxy

SECURE = goproxy(expose={"tls": {"secretName": "edge"}}, cache={"objectStore": {"url": "s3://go-modules"}})


def own_dashboard() -> Object:
    (text,) = dashboard(SECURE)["data"].values()
    found: Object = json.loads(text)
    return found


BOARDS = {"fleets": fleets_dashboard(), "operator": operator_dashboard(), "own": own_dashboard()}


def test_a_fleets_own_is_that_of_all_with_the_fleet_chosen() -> None:
    made = dashboard(SECURE)
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    ((file, _),) = made["data"].items()
    document = BOARDS["own"]
    assert (file, document["uid"]) == ("goproxy-build-team-a.json", UID)
    assert document["title"] == "Go module proxy build/team-a"
    assert document["panels"] == BOARDS["fleets"]["panels"]
    _, *variables = document["templating"]["list"]
    assert [one["current"]["value"] for one in variables] == [["build"], ["team-a"], ["$__all"]]
    _, *of_all = BOARDS["fleets"]["templating"]["list"]
    assert [one["name"] for one in of_all] == ["namespace", "fleet", "replica"]
    assert {one["current"]["value"][0] for one in of_all} == {"$__all"}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_dashboard_is_one_that_grafana_takes(board: Object) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} is over another panel"
        taken |= cells
        assert panel["description"].endswith(".")
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [{"value": None}])
        values = [step["value"] for step in steps]
        assert values[0] is None
        assert values[1:] == sorted(values[1:])
        assert all(target["datasource"]["uid"] == "${source}" for target in panel["targets"])
        assert all('=~"$' in target["expr"] for target in panel["targets"]), "the variables count"
