"""Flux's own kustomize-controller applies examples/flux, waits for the fleet by its kstatus, tells, and prunes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.neighbours import programs
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.git_sources import DEFINITIONS, GitSource
from tests.neighbours.running import all_gone, definitions, process
from tests.operator.live.conftest import ROOT, ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet

pytestmark = [only_when_chosen("flux"), pytest.mark.timeout(300, func_only=True)]
Object = dict[str, Any]
FILE = (ROOT / "examples" / "goproxy.yaml").read_text()
README = {"README.md": "What is not below ./goproxy is not applied.\n"}


def example(namespace: str) -> Object:
    """The Kustomization of examples/flux, in the test's namespace and in a hurry."""
    item: Object = yaml.safe_load((ROOT / "examples" / "flux" / "fleet.yaml").read_text())
    item["metadata"]["namespace"] = namespace
    item["spec"] |= {"targetNamespace": namespace, "timeout": "60s", "retryInterval": "2s"}
    return item


@pytest.fixture
async def flux(control_plane: ControlPlane, tmp_path: Path) -> AsyncIterator[None]:
    """Its kustomize-controller runs, with definitions of the sources that it reads."""
    program = programs.flux()
    files = programs.manifests("flux", "github.com/fluxcd/kustomize-controller", "config/crd/bases")
    sources = tmp_path / "sources.json"
    sources.write_text(DEFINITIONS)
    metrics, health = free_ports(2)
    command: list[str | Path] = [
        program,
        f"--metrics-addr=127.0.0.1:{metrics}",
        f"--health-addr=127.0.0.1:{health}",
    ]
    whom = {"KUBECONFIG": str(control_plane.kubeconfig)}
    with definitions(control_plane, [*files, sources]):
        async with process(command, tmp_path / "kustomize-controller.log", health, "/readyz", whom):
            yield
            await all_gone(control_plane, "kustomizations")


async def until_told(fleet: Fleet, revision: str, status: str, reason: str) -> str:
    """Wait until the Kustomization says this of a revision, and return its message."""
    seen: Object = {}

    async def told() -> bool:
        item = await fleet.get("kustomization", "team-a-goproxy")
        found = item.get("status", {})
        seen.clear()
        seen.update(next((one for one in found.get("conditions", ()) if one["type"] == "Ready"), {}))
        return found.get("lastAttemptedRevision") == revision and (seen.get("status"), seen.get("reason")) == (
            status,
            reason,
        )

    try:
        await eventually(told, f"{revision} is {status} because of {reason}", 90)
    except AssertionError as e:
        raise AssertionError(f"{e}; it is {seen}") from None
    return str(seen["message"])


@pytest.mark.usefixtures("nodes", "flux")
async def test_the_example_is_applied_waited_for_and_pruned(
    fleet: Fleet, new_operator: StartOperator, apply_class: ApplyClass
) -> None:
    kubectl = fleet.kubectl
    async with GitSource(kubectl, "team-a") as source, new_operator() as operator:
        await operator.leading()
        first = await source.push({"goproxy/goproxy.yaml": FILE, **README})
        await kubectl("create", "-f", "-", stdin=json.dumps(example(kubectl.namespace)))
        message = await until_told(fleet, first, "True", "ReconciliationSucceeded")
        assert message == f"Applied revision: {first}"
        await fleet.wait_ready(2)
        (item,) = (await fleet.get("kustomization", "team-a-goproxy"))["status"]["inventory"]["entries"]
        assert item["id"] == f"{kubectl.namespace}_team-a_goproxy-operator.dev_GoProxy", "no child is taken for its own"

        # What the class refuses is told by the Kustomization too, and ends the wait at once.
        await apply_class(limits={"maxReplicas": 2})
        refused = await source.push({"goproxy/goproxy.yaml": FILE.replace("replicas: 2", "replicas: 3"), **README})
        message = await until_told(fleet, refused, "False", "HealthCheckFailed")
        assert f"GoProxy/{kubectl.namespace}/team-a status: 'Failed'" in message
        assert (await fleet.condition("Stalled") or ())[:2] == ("True", "ClassLimitExceeded")

        # Back: the wait ends well.
        again = await source.push({"goproxy/goproxy.yaml": FILE, **README, "other": "a revision of its own\n"})
        await until_told(fleet, again, "True", "ReconciliationSucceeded")

        # An object that leaves the repository leaves the cluster.
        last = await source.push({"goproxy/config-map.yaml": OTHER, **README})
        await until_told(fleet, last, "True", "ReconciliationSucceeded")
        assert (await kubectl("get", "goproxies", "-o", "name")).split() == []
        assert (await kubectl("get", "configmap", "in-place-of-it", "-o", "name")).split()


@pytest.mark.usefixtures("nodes", "flux")
async def test_an_operator_that_is_down_is_not_taken_for_a_fleet_that_is_there(
    fleet: Fleet, new_operator: StartOperator
) -> None:
    kubectl = fleet.kubectl
    kustomization = example(kubectl.namespace)
    kustomization["spec"]["timeout"] = "5s"
    async with GitSource(kubectl, "team-a") as source:
        revision = await source.push({"goproxy/goproxy.yaml": FILE})
        await kubectl("create", "-f", "-", stdin=json.dumps(kustomization))
        message = await until_told(fleet, revision, "False", "HealthCheckFailed")
        assert f"GoProxy/{kubectl.namespace}/team-a status: 'InProgress'" in message
        async with new_operator() as operator:
            await operator.leading()
            await until_told(fleet, revision, "True", "ReconciliationSucceeded")


OTHER = """apiVersion: v1
kind: ConfigMap
metadata: {name: in-place-of-it}
"""
