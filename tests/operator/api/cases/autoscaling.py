"""`spec.autoscaling`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, schema

REFUSED: list[Case] = [
    both(
        {
            "autoscaling": {
                "maxReplicas": 3,
                "targetRequestsPerSecond": 400,
                "prometheus": {"serverAddress": f"http://{'a' * 64}.monitoring.svc:9090"},
            }
        },
        "more than 63 characters between two dots",
        "spec.autoscaling.prometheus.serverAddress",
    ),
    both(
        {"replicas": 2, "autoscaling": {"minReplicas": 2, "maxReplicas": 10, "targetRequestsPerSecond": 400}},
        "write either replicas, for a fixed number, or autoscaling, for a range; not both",
        "spec",
    ),
    both(
        {"autoscaling": {"minReplicas": 11, "maxReplicas": 10, "targetRequestsPerSecond": 400}},
        "minReplicas 11 is more than maxReplicas 10: write a range such as minReplicas 2, maxReplicas 10",
        "spec.autoscaling",
    ),
    both(
        {"autoscaling": {"minReplicas": 2, "maxReplicas": 10, "targetRequestsPerSecond": 400, "provider": "KEDA"}},
        "provider KEDA needs to know where the request rate is: write prometheus.serverAddress, such as http://prometheus.monitoring.svc:9090",
        "spec.autoscaling",
    ),
    both(
        {
            "autoscaling": {
                "minReplicas": 2,
                "maxReplicas": 10,
                "targetRequestsPerSecond": 400,
                "provider": "CustomMetrics",
                "prometheus": {"serverAddress": "http://a:9090"},
            }
        },
        "prometheus is read by KEDA only, and provider is CustomMetrics: remove prometheus, or write provider KEDA",
        "spec.autoscaling",
    ),
    both(
        {
            "autoscaling": {
                "minReplicas": 2,
                "maxReplicas": 10,
                "targetRequestsPerSecond": 400,
                "prometheus": {"serverAddress": "http://u:p@a:9090"},
            }
        },
        '"http://u:p@a:9090" is no address of Prometheus: write http://HOST:PORT, without user, password and query',
        "spec.autoscaling.prometheus.serverAddress",
    ),
    schema(
        {"autoscaling": {"minReplicas": 2, "maxReplicas": 10, "targetRequestsPerSecond": 400, "provider": "Keda"}},
        server='supported values: "Auto", "Builtin", "CustomMetrics", "KEDA"',
        models="Input should be 'Auto', 'Builtin', 'CustomMetrics' or 'KEDA'",
        path="spec.autoscaling.provider",
    ),
    both(
        {"replicas": 1, "autoscaling": {"maxReplicas": 3, "targetRequestsPerSecond": 9}},
        "write either replicas",
        "spec",
    ),
    both(
        {"autoscaling": {"minReplicas": 4, "maxReplicas": 3, "targetRequestsPerSecond": 9}},
        "minReplicas 4 is more than",
        "spec.autoscaling",
    ),
    both(
        {"autoscaling": {"maxReplicas": 3, "targetRequestsPerSecond": 9, "provider": "KEDA"}},
        "provider KEDA needs to know where the request rate is: write prometheus.serverAddress",
        "spec.autoscaling",
    ),
    both(
        {
            "autoscaling": {
                "maxReplicas": 3,
                "targetRequestsPerSecond": 9,
                "provider": "Builtin",
                "prometheus": {"serverAddress": "http://prometheus.monitoring.svc:9090"},
            }
        },
        "prometheus is read by KEDA only, and provider is Builtin: remove prometheus",
        "spec.autoscaling",
    ),
    both(
        {
            "autoscaling": {
                "maxReplicas": 3,
                "targetRequestsPerSecond": 9,
                "prometheus": {"serverAddress": "prometheus:9090"},
            }
        },
        '"prometheus:9090" is no address of Prometheus: write http://',
        "spec.autoscaling.prometheus.serverAddress",
    ),
    *(
        both(
            {
                "autoscaling": {
                    "maxReplicas": 3,
                    "targetRequestsPerSecond": 9,
                    "prometheus": {"serverAddress": f"http://{place}"},
                }
            },
            f'"http://{place}" is no address of Prometheus: write http://',
            "spec.autoscaling.prometheus.serverAddress",
        )
        for place in ("prom:99999", "prom:abc", "prom:", "prom:0", "prom:1:2", "[::1", "[x]:9090", "prom:65536/prefix")
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {
        "autoscaling": {
            "maxReplicas": 3,
            "targetRequestsPerSecond": 9,
            "prometheus": {"serverAddress": address},
        }
    }
    for address in ("http://prom", "https://prom:65535/prefix", "http://[::1]:9090/", "http://caf\u00e9.example.com:80")
]
