"""The rules about the objectives of a fleet: recorded error ratios, and alerts by burn rates in several windows.

The burn rate is how many times faster than allowed the error budget of 30 days is used up. An alert needs a high rate
in a long window, so that short disturbances wake nobody, and in a short one, so that it ends soon after its cause
(Google's Site Reliability Workbook, chapter "Alerting on SLOs", has the windows and factors). Pure.
"""

from dataclasses import dataclass

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.monitoring.alert import CRITICAL, WARNING, Alert
from goproxy_operator.desired.monitoring.objectives import Objective
from goproxy_operator.desired.monitoring.queries import Queries

BAD, TOTAL = "goproxy:objective_bad:rate5m", "goproxy:objective_total:rate5m"
BUDGET_LEFT = "goproxy:objective_budget_left:ratio30d"
"""The share of the error budget of 30 days that is left: 1 when nothing was bad, below 0 when it is overspent."""
TARGET = "goproxy:objective_target:ratio"
_BAD_1H, _TOTAL_1H = "goproxy:objective_bad:sum1h", "goproxy:objective_total:sum1h"
_INTERVAL_SECONDS = 60
_FEWEST = 10
"""So many bad requests at least have to lie in the long window: with little traffic one alone would be an alert."""
_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
_LONG = frozenset({"1d", "3d", "30d"})
"""Windows that are summed up from hours, so that they cost little."""


@dataclass(frozen=True, slots=True)
class Burn:
    """Says at which rate, in which two windows, an alert is made."""

    factor: float
    long: str
    short: str
    severity: str


_BURNS = (
    Burn(14.4, "1h", "5m", CRITICAL),
    Burn(6, "6h", "30m", CRITICAL),
    Burn(3, "1d", "2h", WARNING),
    Burn(1, "3d", "6h", WARNING),
)
_ALERTS = {
    "availability": "GoProxyAvailabilityBurn",
    "hitRate": "GoProxyHitRateBurn",
    "fastHits": "GoProxyHitLatencyBurn",
    "storage": "GoProxyStorageBurn",
}
_LEADS = {
    "availability": "Builds fail, or wait. GoProxyUpstreamErrors and the condition UpstreamReachable say whether an "
    "upstream is the cause.",
    "hitRate": "Builds wait for upstreams. The caches may be too small for what is built, or new.",
    "fastHits": "Builds wait for replicas that hold what is asked for. The CPU, or the disks, may be too slow.",
    "storage": "A cache stays fuller than its high watermark: it takes in more than it can evict.",
}
_AT_MOST_WARNINGS = frozenset({"hitRate", "storage"})
"""Nobody has to get up for these: builds go on."""


def ratio(window: str) -> str:
    """Return the name of the recorded share of bad events in a window."""
    return f"goproxy:objective_bad:ratio_rate{window}"


def objectives_group(goproxy: GoProxy, objectives: list[Objective], docs: str) -> Manifest:
    """Return the group of rules. `docs` is where people read the folder docs."""
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    query = Queries((f'job="{fleet}"', f'namespace="{namespace}"'), "5m")
    rules: list[Manifest] = []
    for objective in objectives:
        rules += _recorded(objective, query)
    for objective in objectives:
        alerts = _alerts(objective, query, f"{namespace}/{fleet}")
        rules += [alert.manifest(docs) for alert in alerts]
    return {"name": f"goproxy-objectives.{namespace}.{fleet}", "interval": f"{_INTERVAL_SECONDS}s", "rules": rules}


def _recorded(objective: Objective, query: Queries) -> list[Manifest]:
    by = "namespace, job"
    matcher = f'objective="{objective.name}"'
    bad, total = query.of(BAD, matcher), query.of(TOTAL, matcher)
    bad_1h, total_1h = query.of(_BAD_1H, matcher), query.of(_TOTAL_1H, matcher)
    made = {
        BAD: objective.bad(query, by),
        TOTAL: objective.total(query, by),
        TARGET: f"0 * {total} + {objective.percent / 100:.6g}",
        _BAD_1H: f"sum_over_time({bad}[1h])",
        _TOTAL_1H: f"sum_over_time({total}[1h])",
    }
    for window in _WINDOWS:
        if window == "5m":
            over, under = bad, total
        elif window in _LONG:
            over, under = f"sum_over_time({bad_1h}[{window}:1h])", f"sum_over_time({total_1h}[{window}:1h])"
        else:
            over, under = f"sum_over_time({bad}[{window}])", f"sum_over_time({total}[{window}])"
        made[ratio(window)] = f"{over} / ({under} > 0)"
    made[BUDGET_LEFT] = f"1 - {query.of(ratio('30d'), matcher)} / {objective.budget:.6g}"
    return [
        {"record": name, "expr": expression, "labels": {"objective": objective.name}}
        for name, expression in made.items()
    ]


def _alerts(objective: Objective, query: Queries, fleet: str) -> list[Alert]:
    matcher = f'objective="{objective.name}"'
    made = []
    for burn in _BURNS:
        threshold = round(burn.factor * objective.budget, 6)
        # Of a quarter that may be bad, no more than four times as much can be.
        if threshold >= 1 or (burn.severity == CRITICAL and objective.name in _AT_MOST_WARNINGS):
            continue
        both = " and ".join(
            f"{query.of(ratio(window), matcher)} > {threshold:.6g}" for window in (burn.long, burn.short)
        )
        if objective.of_requests:
            bad = query.of(BAD, matcher)
            both += f" and sum_over_time({bad}[{burn.long}]) * {_INTERVAL_SECONDS} > {_FEWEST}"
        made.append(
            Alert(
                _ALERTS[objective.name],
                both,
                None,
                burn.severity,
                f"{objective.title} of the Go module proxy {fleet}: the error budget burns {burn.factor:.3g} times as "
                "fast as it may",
                f"{{{{ $value | humanizePercentage }}}} of the last {burn.long} were bad; the objective is that "
                f"{objective.percent:.6g} % {objective.good}. {_LEADS[objective.name]}",
                burn.long,
            )
        )
    return made
