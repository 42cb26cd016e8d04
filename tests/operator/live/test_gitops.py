"""Applying the same file for ever changes nothing, however it is applied; and children cause no refresh."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.operator.kstatus import kstatus
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER
from tests.operator.objects import document

TIMES = 10
SPEC: dict[str, Any] = {
    "replicas": 1,
    "upstream": {"goproxy": "https://goproxy.example.com,direct", "goprivate": ["git.example.com"], "timeout": "30s"},
    "modules": {"allow": ["example.com"], "deny": [], "mode": "DryRun"},
    "cache": {"storage": {"size": "1.5Gi", "whenDeleted": "Retain"}, "listTTL": "90s"},
    "pod": {"resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}}, "labels": {"team": "a"}, "tolerations": []},
}
# As Argo CD applies, by default and with ServerSideApply=true, and as Flux does.
WAYS = {
    "client-side": ["apply"],
    "argo cd": ["apply", "--server-side", "--field-manager=argocd-controller", "--force-conflicts"],
    "flux": ["apply", "--server-side", "--field-manager=kustomize-controller", "--force-conflicts"],
}


@pytest.mark.usefixtures("operator", "nodes")
@pytest.mark.parametrize("way", WAYS)
async def test_the_same_file_for_ever(control_plane: ControlPlane, fleet: Fleet, way: str) -> None:
    manifest = document(**SPEC)
    manifest["metadata"]["labels"] = {"app.kubernetes.io/instance": "team-a-goproxy"}
    file = json.dumps(manifest)
    new = json.loads(await fleet.kubectl("create", "--dry-run=server", "-f", "-", "-o", "json", stdin=file))
    assert kstatus(new) == "InProgress", "it is not done before the operator has seen it"
    await fleet.kubectl(*WAYS[way], "-f", "-", stdin=file)
    await fleet.wait_ready(1)
    before = await fleet.get()
    assert kstatus(before) == "Current"

    mark = control_plane.audit.mark()
    for _ in range(TIMES):
        await fleet.kubectl(*WAYS[way], "-f", "-", stdin=file)
    after = await fleet.get()
    assert after["metadata"]["generation"] == before["metadata"]["generation"] == 1
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    calls = control_plane.audit.since(mark)
    assert audit.matching(calls, user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace) == []


@pytest.mark.usefixtures("operator", "nodes")
async def test_children_cause_no_refresh_and_are_nobody_elses(fleet: Fleet) -> None:
    manifest = document(autoscaling={"maxReplicas": 2, "targetRequestsPerSecond": 9})
    tracking = {"argocd.argoproj.io/instance": "x", "app.kubernetes.io/instance": "argo-app"}
    manifest["metadata"] |= {"labels": tracking, "annotations": {"argocd.argoproj.io/tracking-id": "x"}}
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))
    await fleet.wait_ready(1)
    children = await fleet.children()
    assert children
    for child in children:
        metadata = (await fleet.get(*child.split("/")))["metadata"]
        assert metadata["annotations"]["argocd.argoproj.io/ignore-resource-updates"] == "true", child
        assert metadata["labels"]["app.kubernetes.io/instance"] == "team-a", child
        assert "argocd.argoproj.io/instance" not in metadata["labels"], child
        assert "argocd.argoproj.io/tracking-id" not in metadata["annotations"], child
