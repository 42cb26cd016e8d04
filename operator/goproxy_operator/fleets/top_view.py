"""The modules that a fleet uses most, as a table and as a document. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from goproxy_operator.fleets.counting import Use
from goproxy_operator.output import API_VERSION, Grid, shown, span
from goproxy_operator.quantity import format_bytes
from modproxy.contract.top import Top


def top_grid(uses: Sequence[Use], now: float) -> Grid:
    """Return the table."""
    rows = [
        (
            shown(use.module),
            f"~{use.requests}" if use.surplus else str(use.requests),
            format_bytes(use.bytes),
            f"{span(now - use.last_used)} ago",
        )
        for use in uses
    ]
    return Grid(("MODULE", "REQUESTS", "BYTES", "LAST USE"), rows, frozenset({"REQUESTS", "BYTES", "LAST USE"}))


def top_document(name: str, namespace: str, uses: Sequence[Use], tops: Sequence[Top], silent: int) -> dict[str, Any]:
    """Return what `-o json` writes."""
    since = max((top.since for top in tops), default=None)
    return {
        "apiVersion": API_VERSION,
        "kind": "TopModules",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "countedSince": None if since is None else _time(since),
        "replicas": len(tops),
        "replicasSilent": silent,
        "modules": [
            {
                "module": use.module,
                "requests": use.requests,
                "surplus": use.surplus,
                "bytes": use.bytes,
                "lastUsed": _time(use.last_used),
            }
            for use in uses
        ],
    }


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
