"""Dashboards for Grafana, as JSON documents of its own model: panels in rows, and the variables above them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
_WIDTH = 24
"""The width of Grafana's grid."""
_SCHEMA_VERSION = 39
"""The version of Grafana 10 and 11. Later ones migrate the document."""
_SOURCE = {"type": "prometheus", "uid": "${source}"}
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True, slots=True)
class Panel:
    """Shows expressions, by their legends. A `stat` is one number, a `timeseries` a graph, a `bargauge` bars."""

    kind: str
    title: str
    description: str
    """What the figure means, and what a bad one asks for."""
    unit: str
    expressions: Mapping[str, str]
    width: int = 12
    thresholds: Mapping[float, str] = field(default_factory=dict)
    """From which value on it has which colour; below the first it is green, or red where the first is better."""
    below: str = GREEN

    def document(self) -> Document:
        """Return the panel without its number and its place."""
        defaults: Document = {"unit": self.unit, "min": 0}
        if self.thresholds:
            steps: list[Document] = [{"color": self.below, "value": None}]
            steps += [{"color": color, "value": value} for value, color in self.thresholds.items()]
            defaults |= {"thresholds": {"mode": "absolute", "steps": steps}}
            if self.kind == "timeseries":
                defaults |= {"custom": {"thresholdsStyle": {"mode": "dashed"}}}
        return {
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": _SOURCE,
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "gridPos": {"w": self.width, "h": 4 if self.kind == "stat" else 8},
            "targets": [
                {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
                for number, (legend, expression) in enumerate(self.expressions.items())
            ],
        }


@dataclass(frozen=True, slots=True)
class Variable:
    """Lets the reader choose values of a label. `chosen` is what is chosen at first; None: all."""

    name: str
    label: str
    values: str
    """`label_values(METRIC{...}, LABEL)`."""
    chosen: str | None = None

    def document(self) -> Document:
        """Return the variable."""
        everything = {"text": ["All"], "value": ["$__all"]}
        return {
            "name": self.name,
            "label": self.label,
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": self.values, "refId": self.name},
            "refresh": 2,  # whenever the time range changes
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": everything if self.chosen is None else {"text": [self.chosen], "value": [self.chosen]},
        }


def board(uid: str, title: str, panels: Sequence[Panel], variables: Sequence[Variable]) -> Document:
    """Return a dashboard. `uid` is its name in Grafana's links."""
    source = {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}
    return {
        "uid": uid,
        "title": title,
        "tags": ["goproxy"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source, *(variable.document() for variable in variables)]},
        "panels": _placed([panel.document() for panel in panels]),
    }


def _placed(panels: list[Document]) -> list[Document]:
    """Number the panels and put them side by side, in rows of one height."""
    placed, x, y, height = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > _WIDTH:
            x, y = 0, y + height
        placed.append(panel | {"id": number, "gridPos": size | {"x": x, "y": y}})
        x, height = x + size["w"], size["h"]
    return placed
