"""What is applied is a subset of what the API server then holds: else each look would be a write."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from goproxy_operator.api.autoscaling import Provider
from goproxy_operator.api.goproxy import parse_goproxy
from goproxy_operator.desired.children import ChildFacts, children
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.kin import Kin, OtherFleet
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.kube.resources import CHILDREN
from goproxy_operator.quantity import canonical
from goproxy_operator.reconcile.decide.difference import stamped, subset
from tests.operator.objects import UID, document
from tests.operator.test_quantity import CANONICAL

SPECS: list[dict[str, Any]] = [
    {},
    {
        "autoscaling": {"minReplicas": 1, "maxReplicas": 4, "targetRequestsPerSecond": 1000},
        "modules": {"allow": ["a.example.com"], "allowlistConfigMapName": "shared"},
        "cache": {"storage": {"size": "1.5Gi", "storageClassName": "fast", "whenDeleted": "Delete"}},
        "image": "modproxy:2",
        "pod": {
            "resources": {
                "requests": {"cpu": "0.5", "memory": "1024Mi", "ephemeral-storage": "1e3"},
                "limits": {"cpu": 2, "memory": "2000000Ki"},
            },
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [
                {"key": "build", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
                {"operator": "Exists"},
            ],
            "labels": {"team": "a", "empty": ""},
            "annotations": {"note": ""},
            "priorityClassName": "high",
            "imagePullSecrets": [{"name": "one"}, {"name": "two"}],
        },
    },
    {
        "upstream": {
            "credentials": [{"pattern": "git.example.com", "secretName": "git.2"}],
            "trustedCASecretName": "ca",
            "httpProxy": {"url": "http://egress.example.com", "secretName": "egress"},
            "egressCIDRs": ["10.0.0.0/8", "0.0.0.0/0", "2001:DB8::/32"],
        }
    },
    {"autoscaling": {"maxReplicas": 4, "targetRequestsPerSecond": 1500, "provider": "CustomMetrics"}},
    {
        "expose": {
            "service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/a", "annotations": {"a": ""}},
            "ingress": {"host": "goproxy.example.com", "annotations": {"b": "c"}},
            "tls": {"secretName": "edge"},
        },
        "monitoring": {"dashboard": "Enabled"},
        "pod": {
            "serviceAccountAnnotations": {"example.com/role": "reader"},
            "affinity": {
                "nodeAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 1, "preference": {"matchFields": [], "matchExpressions": []}}
                    ]
                },
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []},
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {
                            "labelSelector": {"matchLabels": {"a": ""}, "matchExpressions": []},
                            "namespaceSelector": {},
                            "topologyKey": "kubernetes.io/hostname",
                        }
                    ]
                },
            },
        },
    },
    {
        "cache": {
            "storage": {"ephemeral": True, "size": "1.5Gi"},
            "objectStore": {"claimName": "shared", "folder": "go"},
            "parent": {"name": "org-cache"},
        },
        "access": {"children": {"namespaces": "All"}},
        "upstream": {"egressCIDRs": ["10.0.0.0/8"]},
    },
    {"cache": {"objectStore": {"url": "s3://go-modules", "secretName": "bucket"}}},
    {"pod": {"affinity": {"podAffinity": {}}, "serviceAccountAnnotations": {}}, "expose": {"service": {}}},
    {"pod": {"resources": {}, "nodeSelector": {}, "tolerations": [], "labels": {}, "priorityClassName": ""}},
]


@pytest.mark.parametrize(
    "spec",
    SPECS,
    ids=["nothing", "everything", "secrets", "adapter", "exposed", "shared", "bucket", "empty affinity", "empties"],
)
async def test_each_child_is_a_subset_of_what_is_held(
    api: aiohttp.ClientSession, namespace: str, spec: dict[str, Any]
) -> None:
    item = document(**spec)
    item["metadata"] |= {"namespace": namespace, "uid": UID, "generation": 1}
    fleet = parse_goproxy(item)
    # ScaledObject is none of Kubernetes' own kinds.
    asked = fleet.spec.autoscaling
    rate_from = (asked.provider or Provider.BUILTIN) if asked is not None else None
    files = documents(fleet, 10 * 2**30, "a.example.com\n")
    storage = fleet.spec.cache.storage
    facts = ChildFacts(
        "modproxy:1",
        files,
        claim_templates(fleet),
        0,
        rate_from=rate_from,
        ephemeral_size=storage.size if storage is not None and storage.ephemeral else None,
        kin=Kin(OtherFleet("platform", "org-cache"), (OtherFleet("a", "one", "a/one"), OtherFleet("b", "two", "b/x"))),
    )
    for child in children(fleet, facts):
        manifest = stamped(child)
        # An owner that does not exist: the garbage collector would be faster than this test.
        del manifest["metadata"]["ownerReferences"]
        path = CHILDREN[manifest["kind"]].path(namespace, manifest["metadata"]["name"])
        async with api.patch(
            path,
            params={"fieldManager": "goproxy-operator", "force": "true"},
            data=json.dumps(manifest),
            headers={"Content-Type": "application/apply-patch+yaml"},
        ) as response:
            held = await response.json()
            assert response.status == 201, held
        assert subset(manifest, held), f"{manifest}\nis no subset of\n{held}"


@pytest.mark.parametrize(("written", "stored"), CANONICAL)
async def test_quantities_have_the_api_servers_own_form(
    api: aiohttp.ClientSession, namespace: str, written: str, stored: str
) -> None:
    quota = {"metadata": {"name": "quantity"}, "spec": {"hard": {"limits.memory": written}}}
    async with api.post(f"/api/v1/namespaces/{namespace}/resourcequotas", json=quota) as response:
        held = await response.json()
        assert response.status == 201, held
    assert held["spec"]["hard"]["limits.memory"] == stored == canonical(written)
