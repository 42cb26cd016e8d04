"""A StatefulSet and an autoscaler as simple as can be, for the tests of the harness."""

from __future__ import annotations

import json
from typing import Any

from tests.kubernetes.kubectl import Kubectl


def stateful_set(replicas: int) -> str:
    labels = {"app": "web"}
    claim = {
        "metadata": {"name": "cache"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    spec = {
        "replicas": replicas,
        "serviceName": "web",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]},
        },
        "volumeClaimTemplates": [claim],
    }
    return json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec})


def autoscaler(**spec: Any) -> str:
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}
    return json.dumps(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web"},
            "spec": {"scaleTargetRef": target, **spec},
        }
    )


async def ready_replicas(kubectl: Kubectl, count: int) -> None:
    await kubectl("wait", f"--for=jsonpath={{.status.readyReplicas}}={count}", "statefulset/web", "--timeout=30s")
