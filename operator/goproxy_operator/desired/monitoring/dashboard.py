"""The dashboard of one fleet, for Grafana's sidecar, which imports every ConfigMap with its label."""

import json
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.desired import names
from goproxy_operator.desired.manifest import Manifest, child
from goproxy_operator.desired.monitoring.queries import queries

LABEL = "grafana_dashboard"
_WIDTH = 24
"""The width of Grafana's grid."""
_SCHEMA_VERSION = 39
"""The version of Grafana 10 and 11. Later ones migrate the document."""
_SOURCE = {"type": "prometheus", "uid": "${source}"}


def dashboard(goproxy: GoProxy) -> Manifest:
    """Return the ConfigMap."""
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    text = json.dumps(_document(goproxy), separators=(",", ":"))
    # The sidecar puts the files of all namespaces into one folder, so that each needs a name of its own.
    content = {"data": {f"goproxy-{namespace}-{fleet}.json": text}}
    made = child(goproxy, "v1", "ConfigMap", names.dashboard(fleet), content)
    made["metadata"]["labels"][LABEL] = "1"
    return made


def _document(goproxy: GoProxy) -> dict[str, Any]:
    fleet, namespace = goproxy.metadata.name, goproxy.metadata.namespace
    return {
        "uid": goproxy.metadata.uid,
        "title": f"Go module proxy {namespace}/{fleet}",
        "tags": ["goproxy"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus"}]
        },
        "panels": _placed(_panels(goproxy)),
    }


def _panels(goproxy: GoProxy) -> list[dict[str, Any]]:
    query = queries(goproxy, "$__rate_interval")
    return [
        _panel("stat", "Hit rate", "percentunit", {"": query.hit_rate}, 6),
        _panel("stat", "Requests a second", "reqps", {"": query.rate("http_requests_total")}, 6),
        _panel("stat", "Replicas ready", "short", {"": f"sum({query.of('modproxy_ready')})"}, 6),
        _panel(
            "stat",
            "Checksum mismatches in this span",
            "short",
            {"": f"sum(increase({query.of('modproxy_checksum_mismatches_total')}[$__range]))"},
            6,
        ),
        _panel("timeseries", "Hit rate", "percentunit", {"hit rate": query.hit_rate}, 12),
        _panel(
            "timeseries",
            "Requests by how they were answered",
            "reqps",
            {"{{cache}}": query.rate("http_requests_total", by="cache")},
            12,
        ),
        _panel(
            "timeseries", "Requests by replica", "reqps", {"{{pod}}": query.rate("http_requests_total", by="pod")}, 12
        ),
        _panel(
            "timeseries",
            "Latency",
            "s",
            {f"p{int(quantile * 100)}": query.latency(quantile) for quantile in (0.5, 0.95, 0.99)},
            12,
        ),
        _panel("timeseries", "Storage by replica", "percentunit", {"{{pod}}": query.storage}, 12),
        _panel("timeseries", "Bytes held by replica", "bytes", {"{{pod}}": query.of("modproxy_cache_bytes")}, 12),
        _panel(
            "timeseries",
            "Requests to upstream by answer",
            "reqps",
            {"{{code}}": query.rate("modproxy_upstream_requests_total", by="code")},
            12,
        ),
        _panel(
            "timeseries",
            "Requests to upstream without an answer",
            "reqps",
            {"{{reason}}": query.rate("modproxy_upstream_errors_total", by="reason")},
            12,
        ),
        _panel(
            "timeseries",
            "Refusals",
            "reqps",
            {"{{mode}}": query.rate("modproxy_policy_refusals_total", by="mode")},
            12,
        ),
        _panel("timeseries", "Disk pressure", "short", {"{{pod}}": query.of("modproxy_disk_pressure")}, 12),
    ]


def _panel(kind: str, title: str, unit: str, expressions: dict[str, str], width: int) -> dict[str, Any]:
    """Make a panel; `expressions` by their legends."""
    return {
        "type": kind,
        "title": title,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "gridPos": {"w": width, "h": 4 if kind == "stat" else 8},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": expression, "legendFormat": legend}
            for number, (legend, expression) in enumerate(expressions.items())
        ],
    }


def _placed(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Number the panels and put them side by side, in rows of one height."""
    placed, x, y, height = [], 0, 0, 0
    for number, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > _WIDTH:
            x, y = 0, y + height
        placed.append(panel | {"id": number, "gridPos": size | {"x": x, "y": y}})
        x, height = x + size["w"], size["h"]
    return placed
