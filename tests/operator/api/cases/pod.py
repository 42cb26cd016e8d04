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
    both(
        {"pod": {"resources": {"limits": {"memory": "1GB"}}}},
        '"1GB" has a unit that Kubernetes does not know: write 1Gi',
        "spec.pod.resources.limits.memory",
    ),
    both(
        {"pod": {"resources": {"requests": {"memory": "512m"}}}},
        "memory is a number of bytes, and m stands for a thousandth of one: write for example 512Mi",
        "spec.pod.resources",
    ),
    both(
        {"pod": {"resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"cpu": 2, "memory": "512Mi"}}}},
        "a limit is less than its request: write limits of at least the requests",
        "spec.pod.resources",
    ),
    models_only(
        {"pod": {"resources": {"requests": {"cpu": 2}, "limits": {"cpu": "500m"}}}},
        "a limit is less than its request",
        "spec.pod.resources",
    ),
    both({"pod": {"labels": {"bad key": "x"}}}, "a key is no key of labels: write at most 63", "spec.pod.labels"),
    both(
        {"pod": {"nodeSelector": {"-a": "x"}}}, "a key is no key of labels: write at most 63", "spec.pod.nodeSelector"
    ),
    both(
        {"pod": {"annotations": {"A.example.com/a": "x"}}},
        "a key is no key of annotations: write at most 63",
        "spec.pod.annotations",
    ),
    both(
        {"pod": {"topologySpreadConstraints": [{"topologyKey": "a b"}]}},
        '"a b" is no key of a label: write at most 63',
        "spec.pod.topologySpreadConstraints[0].topologyKey",
    ),
    models_only(
        {
            "pod": {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {"topologyKey": "zone", "labelSelector": {"matchLabels": {"a b": "c"}}}
                        ]
                    }
                }
            }
        },
        '"a b" is no key of a label',
        "spec.pod.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels",
    ),
    both(
        {"pod": {"tolerations": [{"value": "x"}]}},
        "a toleration without key is for every taint: write operator: Exists too, or name the taint's key",
        "spec.pod.tolerations[0]",
    ),
    both(
        {"pod": {"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]}},
        "operator Exists takes no value: remove value, or write operator: Equal",
        "spec.pod.tolerations[0]",
    ),
    both(
        {"pod": {"tolerations": [{"key": "a", "value": "x", "tolerationSeconds": 5}]}},
        "tolerationSeconds counts with effect: NoExecute only: write that too, or remove tolerationSeconds",
        "spec.pod.tolerations[0]",
    ),
    schema(
        {"pod": {"tolerations": [{"key": "a", "effect": "NoSchedul"}]}},
        server='Unsupported value: "NoSchedul": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        models="Input should be 'NoSchedule', 'PreferNoSchedule' or 'NoExecute'",
        path="spec.pod.tolerations[0].effect",
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
    {"pod": {"resources": {"requests": {"cpu": 1, "memory": 1000000}, "limits": {"cpu": "1", "memory": "1G"}}}},
    {"pod": {"tolerations": [{"operator": "Exists"}, {"key": "example.com/a", "value": "b", "effect": "NoSchedule"}]}},
    {"pod": {"topologySpreadConstraints": []}},
    {
        "pod": {
            "topologySpreadConstraints": [{"topologyKey": "rack", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}]
        }
    },
    {"pod": {"serviceAccountName": "cloud", "affinity": {"podAntiAffinity": {}}}},
    {"pod": {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}, "labels": {"team": "a"}}},
]
