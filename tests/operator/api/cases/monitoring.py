"""`spec.monitoring`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema


def tracing(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"monitoring": {"tracing": {"endpoint": endpoint, **more}}}


_ENDPOINT = "spec.monitoring.tracing.endpoint"

REFUSED: list[Case] = [
    both(tracing("http://u:p@otel:4318"), "a collector is sent no credentials", _ENDPOINT),
    *(
        both(tracing(url), "is no collector of traces: write http://HOST[:PORT]", _ENDPOINT)
        for url in ("otel:4318", "grpc://otel:4317", "http://", "http://otel/?a=b", "http://otel/#a", "http://o tel")
    ),
    both(tracing(f"http://{'a' * 64}.example.com"), "a host name has two dots in a row", _ENDPOINT),
    schema(
        tracing("http://otel:4318", samplingPercent=101),
        server="should be less than or equal to 100",
        models="less than or equal to 100",
        path="spec.monitoring.tracing.samplingPercent",
    ),
    schema(
        tracing("http://otel:4318", samplingPercent=-1),
        server="should be greater than or equal to 0",
        models="greater than or equal to 0",
        path="spec.monitoring.tracing.samplingPercent",
    ),
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
    tracing("http://otel:4318"),
    tracing("https://otel.monitoring.svc:4318/prefix", samplingPercent=0),
    tracing("http://[2001:db8::1]:4318", samplingPercent=100),
]
