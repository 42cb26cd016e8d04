"""Real load scales a fleet out and in by the request rate that the operator itself tells; no request fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import release
from tests.e2e.clients import Clients
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster

FLEET = "team"
API = "v1beta1.external.metrics.k8s.io"
# This is for one replica. One client, which pauses for 10 ms, asks less than a hundred times a second; eight ask more.
AUTOSCALING = {"minReplicas": 1, "maxReplicas": 3, "targetRequestsPerSecond": 50}


@pytest.fixture
def fleet(space: Space, goproxy: Callable[..., Object], cluster: Cluster) -> Object:
    """A fleet whose autoscaler gets figures; nothing but the chart was installed."""
    cluster.kubectl("wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=60s")
    made = goproxy(FLEET, autoscaling=AUTOSCALING)
    space.apply(made)
    space.wait_ready(FLEET, 1)
    until(lambda: space.condition(FLEET, "AutoscalingActive").get("status") == "True", "the HPA gets figures", 120)
    return made


def test_out_and_in(space: Space, fleet: Object, operator: Release, tree: Path) -> None:
    with Clients(space, operator.images.proxy, FLEET, tree) as many:
        space.wait_ready(FLEET, 3, seconds=240)
        # An operator that fights the autoscaler would write the number back at the next look; an edit makes it look.
        fleet["spec"]["modules"] = {"deny": ["github.com/evil"]}
        space.apply(fleet)
        until(lambda: space.condition(FLEET, "ConfigSynced").get("status") == "True", "the edit is in force", 90)
        assert {space.get("statefulset", FLEET)["spec"]["replicas"] for _ in range(20)} == {3}
        many.go_on()
    assert "replicas" not in space.get("goproxy", FLEET)["spec"]

    with Clients(space, operator.images.proxy, FLEET, tree, clients=1) as one:
        # The autoscaler scales in after ten minutes of calm. The operator does not mend it while the fleet is
        # suspended.
        suspend(space, True)
        patience = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}}
        space.kubectl("patch", "hpa", FLEET, f"--patch={json.dumps(patience)}")
        until(lambda: space.get("statefulset", FLEET)["spec"]["replicas"] < 3, "fewer are enough", 180)
        until(lambda: len(space.pods(FLEET)) < 3, "a replica has gone", 120)
        one.go_on()
        suspend(space, False)
        one.go_on()

    # The fleet goes back to a fixed number. The HPA is gone then, and leaves the number alone.
    space.kubectl("patch", "goproxy", FLEET, "--type=merge", '--patch={"spec":{"autoscaling":null,"replicas":2}}')
    space.wait_ready(FLEET, 2)
    assert not space.exists("hpa", FLEET)


@pytest.mark.usefixtures("fleet")
def test_figures_come_on_while_the_operator_is_replaced(space: Space, operator: Release, cluster: Cluster) -> None:
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{space.name}/goproxy_requests_per_second"
    query = f"?labelSelector=goproxy-operator.dev/fleet%3D{FLEET}"

    def value() -> str:
        items = json.loads(cluster.kubectl("get", "--raw", f"{path}{query}"))["items"]
        return str(items[0]["value"])

    assert value().endswith("m")
    cluster.kubectl("rollout", "restart", "deployment", release.NAME, f"--namespace={release.NAME}")
    cluster.kubectl("rollout", "status", "deployment", release.NAME, f"--namespace={release.NAME}", "--timeout=120s")
    operator.leader()
    # The pods that are gone may be asked for a moment longer.
    until(lambda: value().endswith("m"), "the new replicas answer", 60)
    assert cluster.kubectl("get", "apiservice", API, "--output=jsonpath={.spec.caBundle}"), "it is trusted still"


def suspend(space: Space, wanted: bool) -> None:
    space.kubectl("patch", "goproxy", FLEET, "--type=merge", f'--patch={{"spec":{{"suspend":{json.dumps(wanted)}}}}}')
    generation = space.get("goproxy", FLEET)["metadata"]["generation"]

    def seen() -> bool:
        return bool(space.get("goproxy", FLEET)["status"]["observedGeneration"] >= generation)

    until(seen, "the operator has seen it", 30)
