"""`spec.monitoring`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

REFUSED: list[Case] = [
    schema(
        {"monitoring": {"rules": "Always"}},
        server='Unsupported value: "Always": supported values: "Auto", "Enabled", "Dis',
        models="Input should be 'Auto', 'Enabled' or 'Disabled'",
        path="spec.monitoring.rules",
    ),
    both(
        {"monitoring": {"labels": {"goproxy-operator.dev/fleet": "b"}}},
        "the operator's own: choose other keys",
        "spec.monitoring.labels",
    ),
    schema(
        {"monitoring": {"rules": "Yes"}},
        server='supported values: "Auto", "Enabled", "Disabled"',
        models="Input should be 'Auto', 'Enabled' or 'Disabled'",
        path="spec.monitoring.rules",
    ),
    both({"monitoring": {"labels": {"goproxy-operator.dev/fleet": "b"}}}, "labels under", "spec.monitoring.labels"),
    *(
        both(
            {"monitoring": {"objectives": {"hitRate": percent}}},
            f'"{percent}" is no objective: write a percentage from 1 to 99.999, such as 99.9, or 0 for none',
            "spec.monitoring.objectives.hitRate",
        )
        for percent in ("100", "0.5", "75%", "99.9999", "")
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"monitoring": {"objectives": {"availability": "99.95", "hitRate": "1", "fastHits": "0", "storage": "99.999"}}},
    {"monitoring": {"serviceMonitor": "Enabled", "rules": "Auto", "dashboard": "Disabled"}},
]
