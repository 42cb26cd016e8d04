"""`make pictures`: draws the panels of the fleets' dashboard, with the figures of a real Prometheus, into docs/.

No Grafana is needed. A fleet of two replicas is filled, read, refused something, and loses its upstream for a while;
the figures are those of that run.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from goproxy_operator.desired.monitoring.dashboard import fleets_dashboard
from goproxy_operator.desired.monitoring.prometheus_rule import prometheus_rule
from tests.kubernetes.background import ROOT
from tests.kubernetes.progress import say
from tests.modproxy.fake_upstream import FakeUpstream, status
from tests.modproxy.replica_fleet import Fleet
from tests.operator.objects import goproxy
from tests.prometheus.containers import UNSEEN
from tests.prometheus.server import Prometheus, faster, filled

SECONDS = 150
OUTAGE = range(80, 105)
"""The seconds in which the upstream answers 503."""
PAUSE = 0.02
COLUMNS = 3
_UNITS = {"percentunit": (100.0, "%"), "bytes": (1 / 1024, "KiB"), "s": (1000.0, "ms"), "reqps": (1.0, "a second")}
_RED = "#c4162a"


async def load(fleet: Fleet, upstream: FakeUpstream) -> None:
    """Ask as developers and CI jobs do: much of the same, something new now and then, and something that is refused."""
    chosen = random.Random(1)
    begun, known = time.monotonic(), 0
    while (passed := time.monotonic() - begun) < SECONDS:
        fails = int(passed) in OUTAGE
        if not fails:
            upstream.behaviours.clear()
        if chosen.random() < (0.5 if passed < 20 else 0.1):
            known += 1
            upstream.add(f"example.com/m{known}", "v1.0.0", payload=chosen.randbytes(3000))
            if fails:
                upstream.behaviours[f"example.com/m{known}/@v/v1.0.0.mod"] = status(503)
            key = f"example.com/m{known}/@v/v1.0.0.mod"
        elif chosen.random() < 0.03:
            key = "example.com/evil/@v/list"
        else:
            kind = chosen.choice(("mod", "mod", "info", "zip"))
            key = f"example.com/m{chosen.randint(1, max(known, 1))}/@v/v1.0.0.{kind}"
        await chosen.choice(fleet.replicas).get(key)
        await asyncio.sleep(PAUSE)


def draw(axes: Axes, panel: dict[str, Any], drawn: list[tuple[str, list[Any]]], begun: float) -> None:
    """Draw a panel: its lines, or its number."""
    factor, unit = _UNITS.get(panel["fieldConfig"]["defaults"].get("unit", ""), (1.0, ""))
    axes.set_title(panel["title"], fontsize=9, loc="left", fontweight="bold")
    if panel["type"] == "stat":
        values = [float(points[-1][1]) * factor for _, points in drawn if points]
        axes.axis("off")
        axes.text(0.0, 0.45, f"{values[0]:.3g} {unit}" if values else "no data", fontsize=22, transform=axes.transAxes)
        return
    for label, points in drawn:
        times = [float(at) - begun for at, _ in points]
        axes.plot(times, [float(value) * factor for _, value in points], label=label, lw=1.2)
    axes.axvspan(OUTAGE.start, OUTAGE.stop, color=_RED, alpha=0.08, lw=0)
    axes.set_xlim(0, SECONDS)
    highest = max((float(value) * factor for _, points in drawn for _, value in points), default=0.0)
    if highest <= 0:
        axes.set_ylim(0, 1)
    elif axes.get_ylim()[0] > 0 or panel["title"] != "Error budget that is left":
        axes.set_ylim(0, highest * 1.15)
    axes.set_ylabel(unit, fontsize=7)
    axes.tick_params(labelsize=7)
    axes.grid(visible=True, alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if not drawn:
        words = "this machine has no cgroup v2" if panel["title"] in UNSEEN else "there was none"
        axes.text(0.5, 0.5, words, ha="center", fontsize=8, transform=axes.transAxes)
    elif len(drawn) > 1:
        axes.legend(fontsize=6, framealpha=0.7, edgecolor="none", loc="best", ncols=2)


def legend(template: str, labels: dict[str, str]) -> str:
    """Fill in a legend as Grafana does."""
    for name, value in labels.items():
        template = template.replace(f"{{{{{name}}}}}", value)
    return template.replace("build/team-a ", "").replace("build/", "")


async def picture(folder: Path) -> None:
    """Run the fleet, and draw what Prometheus says of it."""
    (folder / "store").mkdir()
    rules = [rule for group in prometheus_rule(goproxy(), "docs")["spec"]["groups"] for rule in group["rules"]]
    config = {
        "modules": {"deny": ["example.com/evil"]},
        "cache": {"objectStore": {"url": f"file://{folder}/store"}, "sizeBytes": 4 << 20},
    }
    async with FakeUpstream() as upstream:
        config["upstream"] = {"goproxy": upstream.url, "timeout": "2s"}
        async with Fleet(folder / "fleet", config, 2) as fleet:
            targets = {f"team-a-{number}": replica.admin_url for number, replica in enumerate(fleet.replicas)}
            recorded = faster([rule for rule in rules if "record" in rule], 60)
            async with Prometheus(folder / "prometheus", targets, recorded) as prometheus:
                await prometheus.ready()
                begun = time.time()
                say(f"a fleet is under load for {SECONDS} s")
                await load(fleet, upstream)
                await draw_all(prometheus, begun)


async def draw_all(prometheus: Prometheus, begun: float) -> None:
    """Draw every panel, in rows."""
    panels = fleets_dashboard()["panels"]
    rows = -(-len(panels) // COLUMNS)
    figure, places = plt.subplots(rows, COLUMNS, figsize=(15, 2.1 * rows), constrained_layout=True)
    for axes, panel in zip(places.flat, panels, strict=False):
        drawn = []
        for target in panel["targets"]:
            expression = filled(target["expr"]).replace("[1m]", "[15s]")
            for series in await prometheus.range(expression, begun + 5, time.time(), 1):
                points = [point for point in series["values"] if point[1] not in ("NaN", "+Inf")]
                drawn.append((legend(target["legendFormat"], series["metric"]), points))
        draw(axes, panel, drawn, begun)
    for axes in places.flat[len(panels) :]:
        axes.axis("off")
    figure.suptitle("The dashboard of a fleet. Shaded: its upstream answers 503. Below: seconds.", fontsize=12)
    mpl.rcParams |= {"svg.hashsalt": "goproxy-operator", "svg.fonttype": "none"}
    figure.savefig(ROOT / "docs" / "dashboard.svg", metadata={"Date": None})
    (ROOT / "var").mkdir(exist_ok=True)
    figure.savefig(ROOT / "var" / "dashboard.png", dpi=70)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(picture(Path(made)))
