"""`spec.pod`: what is refused, with which words, and what is accepted."""

from __future__ import annotations

from typing import Any

from tests.operator.api.cases.case import Case, both, models_only, schema

REFUSED: list[Case] = [
    both(
        {"pod": {"serviceAccountName": "a", "serviceAccountAnnotations": {"example.com/role": "b"}}},
        "serviceAccountAnnotations are for the ServiceAccount that the operator makes: annotate the one of",
        "spec.pod",
    ),
    schema(
        {"pod": {"affinity": {"nodeAffinity": {"required": {}}}}},
        server='unknown field "spec.pod.affinity.nodeAffinity.req',
        models="unknown field: remove it, or check its spelling",
        path="spec.pod.affinity.nodeAffinity.required",
    ),
    both(
        {"pod": {"labels": {"app.kubernetes.io/name": "x"}}}, "the operator's own: choose other keys", "spec.pod.labels"
    ),
    models_only(
        {"pod": {"resources": {"limits": {"a\nb": ""}}}}, "'' is not a quantity", "spec.pod.resources.limits['a\\nb']"
    ),
    models_only(
        {"pod": {"resources": {"limits": {"cpu": "much"}}}}, "'much' is not a quantity", "spec.pod.resources.limits.cpu"
    ),
    both(
        {"pod": {"serviceAccountName": "a", "serviceAccountAnnotations": {"a": "b"}}},
        "annotate the one of serviceAcc",
        "spec.pod",
    ),
    schema(
        {"pod": {"affinity": {"zone": {}}}},
        server='unknown field "spec.pod.affinity.zone"',
        models="unknown field: remove it, or check its spelling",
        path="spec.pod.affinity.zone",
    ),
    schema(
        {"pod": {"affinity": {"nodeAffinity": {"required": {}}}}},
        server='unknown field "spec.pod.affinity.nodeAffinity.req',
        models="unknown field: remove it, or check its spelling",
        path="spec.pod.affinity.nodeAffinity.required",
    ),
]
REFUSED += [
    both(
        {"pod": {"topologySpreadConstraints": [{"topologyKey": "zone", "minDomains": 2}]}},
        "minDomains counts with whenUnsatisfiable: DoNotSchedule only",
        "spec.pod.topologySpreadConstraints[0]",
    ),
    schema(
        {"pod": {"topologySpreadConstraints": [{"topologyKey": "zone", "labelSelector": {}}]}},
        server='unknown field "spec.pod.topologySpreadConstraints[0].labelSelector"',
        models="unknown field: remove it, or check its spelling",
        path="spec.pod.topologySpreadConstraints[0].labelSelector",
    ),
]
ACCEPTED: list[dict[str, Any]] = [
    {"pod": {"topologySpreadConstraints": []}},
    {
        "pod": {
            "topologySpreadConstraints": [{"topologyKey": "rack", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}]
        }
    },
    {"pod": {"serviceAccountName": "cloud", "affinity": {"podAntiAffinity": {}}}},
    {"pod": {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}, "labels": {"team": "a"}}},
]
