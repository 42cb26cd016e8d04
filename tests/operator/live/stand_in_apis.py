"""Definitions of APIs that clusters have or have not: of each what the operator sends, with the real one's defaults.

Sources: the published CRDs of the Gateway API (v1), of cert-manager (v1) and of the Prometheus operator (v1).
"""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]

TEXT: Object = {"type": "string"}


def fields(required: list[str] | None = None, **properties: Object) -> Object:
    made: Object = {"type": "object", "properties": properties}
    return made | {"required": required} if required else made


def loose_fields(required: list[str] | None = None, **properties: Object) -> Object:
    """With every other field that the real one has: tests of what is refused send them."""
    return fields(required, **properties) | {"x-kubernetes-preserve-unknown-fields": True}


def many(item: Object) -> Object:
    return {"type": "array", "items": item}


def default(value: Any, kind: str = "string") -> Object:
    return {"type": kind, "default": value}


TEXTS: Object = {"type": "object", "additionalProperties": TEXT}
SPAN: Object = {"type": "string", "pattern": "^(0|(([0-9]+)y)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?)$"}

HTTP_ROUTE = fields(
    parentRefs=many(
        fields(
            ["name"],
            group=default("gateway.networking.k8s.io"),
            kind=default("Gateway"),
            name=TEXT,
            namespace=TEXT,
            sectionName=TEXT,
        )
    ),
    hostnames=many(TEXT),
    rules=many(
        loose_fields(
            matches=many(fields(path=fields(type=default("PathPrefix"), value=default("/")))),
            backendRefs=many(
                loose_fields(
                    ["name"],
                    group=default(""),
                    kind=default("Service"),
                    name=TEXT,
                    port={"type": "integer"},
                    weight=default(1, "integer"),
                )
            ),
        )
    ),
)
CERTIFICATE = loose_fields(
    ["issuerRef", "secretName"],
    secretName=TEXT,
    dnsNames=many(TEXT) | {"x-kubernetes-list-type": "atomic"},
    issuerRef=fields(["name"], name=TEXT, kind=default("Issuer"), group=default("cert-manager.io")),
)
RELABELING = fields(
    action=default("replace"),
    regex=TEXT,
    replacement=TEXT,
    separator=TEXT,
    sourceLabels=many(TEXT),
    targetLabel=TEXT,
)
SERVICE_MONITOR = loose_fields(
    ["endpoints", "selector"],
    selector=fields(matchLabels=TEXTS),
    endpoints=many(
        loose_fields(
            port=TEXT,
            path=TEXT,
            followRedirects={"type": "boolean"},
            relabelings=many(RELABELING),
            metricRelabelings=many(RELABELING),
        )
    ),
    sampleLimit={"type": "integer", "format": "int64"},
    bodySizeLimit={"type": "string", "pattern": "(^0|([0-9]*[.])?[0-9]+((K|M|G|T|E|P)i?)?B)$"},
    labelLimit={"type": "integer", "format": "int64"},
    labelNameLengthLimit={"type": "integer", "format": "int64"},
    labelValueLengthLimit={"type": "integer", "format": "int64"},
)
PROMETHEUS_RULE = fields(
    groups={
        **many(
            fields(
                ["name"],
                name=TEXT,
                interval=SPAN,
                rules=many(
                    {
                        **fields(["expr"], alert=TEXT, labels=TEXTS, annotations=TEXTS),
                        "properties": {
                            "alert": TEXT,
                            "expr": {"x-kubernetes-int-or-string": True},
                            "record": TEXT,
                            "for": SPAN,
                            "labels": TEXTS,
                            "annotations": TEXTS,
                        },
                    }
                ),
            )
        ),
        "x-kubernetes-list-map-keys": ["name"],
        "x-kubernetes-list-type": "map",
    }
)


def definition(group: str, kind: str, plural: str, spec: Object) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Of groups below k8s.io the API server wants this.
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in for tests"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
    }


DEFINITIONS = [
    definition("gateway.networking.k8s.io", "HTTPRoute", "httproutes", HTTP_ROUTE),
    definition("cert-manager.io", "Certificate", "certificates", CERTIFICATE),
    definition("monitoring.coreos.com", "ServiceMonitor", "servicemonitors", SERVICE_MONITOR),
    definition("monitoring.coreos.com", "PrometheusRule", "prometheusrules", PROMETHEUS_RULE),
]
NAMES = [item["metadata"]["name"] for item in DEFINITIONS]
MANIFEST = json.dumps({"apiVersion": "v1", "kind": "List", "items": DEFINITIONS})
