"""The panels of the operator's dashboard, by a real Prometheus that scrapes a real operator at work."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from goproxy_operator.desired.monitoring.operator_dashboard import operator_dashboard
from tests.kubernetes.eventually import eventually
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess
from tests.prometheus.server import Prometheus, filled

FEWEST = {"Fleets": 1.0, "Leaders": 1.0, "Memory": 20 * 2**20}
"""The panels whose figures have to be so large at least."""
NONE = frozenset({"Stalled fleets", "Faults"})
"""Those that have to show 0 while all is well: where nothing was counted, they show 0 all the same."""
MAY_BE_EMPTY = frozenset({"Calls that the API server refused"})
"""There is nothing to show while no call is refused."""


@pytest.mark.usefixtures("nodes")
async def test_every_panel_shows_what_the_operator_does(
    operator: OperatorProcess, fleet: Fleet, tmp_path: Path
) -> None:
    targets = {"operator-0": operator.metrics_url}
    async with Prometheus(
        tmp_path / "prometheus", targets, namespace="goproxy-operator", job="goproxy-operator"
    ) as prometheus:
        await prometheus.ready()
        await fleet.apply(replicas=1)
        await prometheus.until('sum(goproxy_operator_fleets{condition="Ready"}) >= 1')
        await fleet.apply(replicas=2)

        async def all_have_figures() -> bool:
            return not await empty(prometheus)

        await eventually(all_have_figures, "every panel has figures")
        for title, values in (await figures(prometheus)).items():
            assert all(math.isfinite(value) and value >= 0 for value in values), (title, values)
            if title in FEWEST:
                assert max(values) >= FEWEST[title], (title, values)
            if title in NONE:
                assert set(values) == {0.0}, (title, values)


async def figures(prometheus: Prometheus) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for panel in operator_dashboard()["panels"]:
        for target in panel["targets"]:
            values = await prometheus.query(filled(target["expr"]))
            found.setdefault(panel["title"], []).extend(values.values())
    return found


async def empty(prometheus: Prometheus) -> set[str]:
    return {title for title, values in (await figures(prometheus)).items() if not values} - MAY_BE_EMPTY
