"""The dashboard for Grafana."""

from __future__ import annotations

import json

from goproxy_operator.desired.monitoring.dashboard import dashboard
from tests.operator.desired.fleet_children import Object
from tests.operator.objects import UID, goproxy

SECURE = goproxy(expose={"tls": {"secretName": "edge"}})


def panels() -> list[Object]:
    (text,) = dashboard(SECURE)["data"].values()
    found: list[Object] = json.loads(text)["panels"]
    return found


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    made = dashboard(SECURE)
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    ((file, text),) = made["data"].items()
    document = json.loads(text)
    assert (file, document["uid"]) == ("goproxy-build-team-a.json", UID)
    assert document["title"] == "Go module proxy build/team-a"
    assert len({panel["id"] for panel in panels()}) == len(panels())
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, f"{panel['title']} is over another panel"
        taken |= cells
        assert all(target["datasource"]["uid"] == "${source}" for target in panel["targets"])
