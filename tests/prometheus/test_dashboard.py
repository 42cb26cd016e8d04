"""Every panel of the fleets' dashboard under load, by a real Prometheus: what its query returns is what it says."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from goproxy_operator.desired.monitoring.dashboard import fleets_dashboard
from goproxy_operator.desired.monitoring.operator_dashboard import operator_dashboard
from goproxy_operator.desired.monitoring.panels import Document
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.replica_fleet import Fleet
from tests.operator.objects import goproxy
from tests.prometheus.server import Prometheus, faster, filled

PODS = ("team-a-0", "team-a-1")
MODULES = 30
ROUNDS = 3
FILE_BYTES = 100
"""Every zip has more."""

OF_CONTAINERS = ("CPU that the limit withheld", "Memory of the limit", "Time that threads wait")
UNSEEN = () if Path("/sys/fs/cgroup/cpu.max").exists() else OF_CONTAINERS
"""The file is there in a container of a machine with cgroup v2. Elsewhere nothing tells these figures."""

Values = dict[str, float]
"""The values of a panel's query, by the values of their labels."""


class Load:
    """Asks the replicas for files of every kind, and counts how they say that they have answered."""

    def __init__(self, fleet: Fleet, upstream: FakeUpstream) -> None:
        self._fleet = fleet
        self._upstream = upstream
        self._round = 0

    async def run(self) -> None:
        """One round: misses, hits, refusals, absences and failures, in proportions that are the same in each round."""
        self._round += 1
        keys = []
        for number in range(MODULES):
            module = f"example.com/m{self._round}x{number}"
            self._upstream.add(module, "v1.0.0")
            self._upstream.behaviours[f"example.com/broken{self._round}x{number}/@v/list"] = status(503)
            keys += [f"{module}/@v/v1.0.0.mod", f"{module}/@v/v1.0.0.zip"]
        asked = keys * 6 + [f"example.com/evil/m{number}/@v/list" for number in range(MODULES)]
        asked += [f"example.com/broken{self._round}x{number}/@v/list" for number in range(MODULES)]
        for number, key in enumerate(asked):
            # Each pass over the keys asks the other replica for each of them.
            await self._fleet.replicas[(number + number // len(keys)) % 2].get(key)

    async def answered(self) -> Counter[str]:
        """How the replicas have answered since their start."""
        reports = [await replica.report() for replica in self._fleet.replicas]
        return sum((Counter(report.requests) for report in reports), Counter[str]())


def near(expected: float) -> Callable[[Values], None]:
    """One value, as it was counted: rates are extrapolated to the ends of their window."""

    def check(values: Values) -> None:
        (value,) = values.values()
        assert value == pytest.approx(expected, rel=0.25, abs=0.03), (value, expected)

    return check


def every(holds: Callable[[float], bool], *labels: str) -> Callable[[Values], None]:
    """Series whose labels have these values, at least, and whose values are all so."""

    def check(values: Values) -> None:
        assert all(holds(value) for value in values.values()), values
        missing = [label for label in labels if not any(label in key for key in values)]
        assert not missing, (missing, values)

    return check


def share(value: float) -> bool:
    return 0 < value <= 1


def positive(value: float) -> bool:
    return value > 0


def nothing(value: float) -> bool:
    return value == 0


def meanings(before: Counter[str], after: Counter[str]) -> dict[str, Callable[[Values], None]]:
    """What each panel has to show after this load, by its title."""
    grown = {kind: after[kind] - before[kind] for kind in after}
    hits = sum(grown.get(kind, 0) for kind in ("hit", "stale", "negative", "peer", "objectStore"))
    rate = hits / (hits + grown["miss"])
    return {
        "Hit rate": near(rate),
        "Hit rate by fleet": near(rate),
        "Requests a second": every(positive),
        "Replicas that are not ready": every(nothing),
        "Checksum mismatches in this span": every(nothing),
        "Error budget that is left": every(lambda value: value <= 1, "availability", "hitRate", "fastHits", "storage"),
        # A twelfth of the requests fails, which is far more than a thousandth.
        "Burn rate of the error budget": every(lambda value: value >= 0, "availability", "hitRate", "fastHits"),
        "Requests by how they were answered": every(lambda value: value >= 0, "hit", "miss", "peer", "denied"),
        "Requests by replica": every(positive, *PODS),
        "Latency": every(positive),
        "Latency of hits": every(lambda value: 0 < value < 1),
        "Answers that are errors of the fleet": every(positive, "502"),
        "Storage by replica": every(share, *PODS),
        "Bytes held by replica": every(lambda value: value > MODULES * ROUNDS * FILE_BYTES, *PODS),
        "Disk pressure": every(nothing, *PODS),
        "Refusals": every(lambda value: value >= 0, "Enforce build modules"),
        "Requests to upstream by answer": every(positive, "200", "503"),
        "Requests to upstream without an answer": every(positive),
        "Requests between replicas": every(positive, "asked", "answered"),
        "Other replicas that answer": every(lambda value: value == 1, *PODS),
        "Changes of owners": every(lambda value: value >= 0, *PODS),
        "Requests to the object store": every(lambda value: value >= 0, "put", "get"),
        "Files that wait for the object store": every(lambda value: value >= 0, *PODS),
        "CPU that the limit withheld": every(lambda value: value >= 0),
        "Memory of the limit": every(share),
        "Time that threads wait": every(lambda value: value >= 0, "cpu", "memory", "io"),
        "Lag of the event loop": every(lambda value: value >= 0, *PODS),
        "Open files and connections": every(share, *PODS),
        "What makes replicas slow": every(lambda value: value >= 0, *PODS),
    }


async def test_every_panel_shows_what_it_says(tmp_path: Path, upstream: FakeUpstream) -> None:
    (tmp_path / "store").mkdir()
    config = {
        "upstream": {"goproxy": f"{upstream.url}|http://127.0.0.1:9", "timeout": "2s"},
        "modules": {"deny": ["example.com/evil"]},
        "cache": {"objectStore": {"url": f"file://{tmp_path}/store"}, "sizeBytes": 64 << 20},
    }
    rules = [
        rule
        for group in prometheus_rule(goproxy(), "docs")["spec"]["groups"]
        for rule in group["rules"]
        if "record" in rule
    ]
    async with Fleet(tmp_path / "fleet", config, 2) as fleet:
        load = Load(fleet, upstream)
        await load.run()  # a series counts from its second sample on
        targets = {pod: replica.admin_url for pod, replica in zip(PODS, fleet.replicas, strict=True)}
        async with Prometheus(tmp_path / "prometheus", targets, faster(rules, 60)) as prometheus:
            await prometheus.ready()
            before = await load.answered()
            for _ in range(ROUNDS):
                await load.run()
                await asyncio.sleep(2)
            after = await load.answered()
            await prometheus.until(f"sum(http_requests_total) >= {sum(after.values())}")
            await prometheus.until("count(goproxy:objective_budget_left:ratio30d) == 4")
            checks = meanings(before, after)
            panels = fleets_dashboard()["panels"]
            assert [panel["title"] for panel in panels if panel["title"] not in checks] == []
            for panel in panels:
                values: Values = {}
                for target in panel["targets"]:
                    found = await prometheus.query(filled(target["expr"]))
                    assert found or panel["title"] in UNSEEN, f"{panel['title']}: {target['expr']} returns nothing"
                    for labels, value in found.items():
                        assert math.isfinite(value), f"{panel['title']}: {value}"
                        values[" ".join([target["legendFormat"], *(text for _, text in labels)])] = value
                if not values:
                    continue
                try:
                    checks[panel["title"]](values)
                except AssertionError as e:
                    raise AssertionError(f"{panel['title']}: {e}") from e


@pytest.mark.parametrize("board", [fleets_dashboard(), operator_dashboard()], ids=["fleets", "operator"])
def test_grafanas_own_types_take_every_field(board: Document) -> None:
    """Whatever a field is called or holds that Grafana's model does not know is lost on the way through its types."""
    read = json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))
    lost = differences(board, read, "")
    assert not lost


def differences(written: object, read: object, place: str) -> list[str]:
    """What of a document is not in another one."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [
            found
            for key, value in written.items()
            for found in (
                differences(value, read[key], f"{place}.{key}") if key in read else [f"{place}.{key} is unknown"]
            )
        ]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        pairs = enumerate(zip(written, read, strict=True))
        return [found for number, (old, new) in pairs for found in differences(old, new, f"{place}[{number}]")]
    return [] if written == read else [f"{place}: {written!r} becomes {read!r}"]
