"""The number of replicas, by hand and by an autoscaler: the operator follows, and never fights either."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.certificates import Authority
from tests.cluster.kind_cluster import Cluster
from tests.e2e.pods import config_map, pod
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until

FLEET = "team"
SERVER = "metrics"
API = "v1beta1.external.metrics.k8s.io"
PROGRAM = Path(__file__).resolve().parent / "metrics_server.py"
# What the API server lets the controller of HPAs ask: in kube-system it is bound by whoever serves the metrics.
READER = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "e2e-external-metrics"},
    "rules": [{"apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": ["get", "list"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "e2e-external-metrics"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "e2e-external-metrics"},
    "subjects": [{"kind": "ServiceAccount", "name": "horizontal-pod-autoscaler", "namespace": "kube-system"}],
}


def test_kubectl_scale(space: Space, goproxy: Callable[..., Object]) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    space.wait_ready(FLEET, 1)
    for replicas in (3, 2):
        space.kubectl("scale", "goproxy", FLEET, f"--replicas={replicas}")
        space.wait_ready(FLEET, replicas)
        until(lambda want=replicas: len(space.pods(FLEET)) == want, f"{replicas} pods", seconds=120)  # type: ignore[misc]
    assert space.exists("pvc", f"cache-{FLEET}-2"), "a scale-out finds its cache again"


def test_autoscaling(space: Space, goproxy: Callable[..., Object], metrics: Callable[[int], None]) -> None:
    metrics(100)
    range_ = {"minReplicas": 1, "maxReplicas": 3, "targetRequestsPerSecond": 400}
    space.apply(goproxy(FLEET, autoscaling=range_))
    space.wait_ready(FLEET, 1)
    until(lambda: space.condition(FLEET, "AutoscalingActive").get("status") == "True", "the HPA gets figures", 120)

    metrics(1200)
    space.wait_ready(FLEET, 3, seconds=150)
    numbers = set()
    # An operator that fought would write the number back at the next look, which an edit of the object makes it take.
    space.apply(goproxy(FLEET, autoscaling=range_, modules={"deny": ["github.com/evil"]}))
    until(lambda: space.condition(FLEET, "ConfigSynced").get("status") == "True", "the edit is in force", 60)
    for _ in range(20):
        numbers.add(space.get("statefulset", FLEET)["spec"]["replicas"])
    assert numbers == {3}
    assert "replicas" not in space.get("goproxy", FLEET)["spec"]

    # And back to a fixed number, which the HPA then leaves alone, as it is gone.
    space.kubectl("patch", "goproxy", FLEET, "--type=merge", '--patch={"spec":{"autoscaling":null,"replicas":2}}')
    space.wait_ready(FLEET, 2)
    assert not space.exists("hpa", FLEET)


@pytest.fixture
def metrics(space: Space, operator: Release, cluster: Cluster, tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Serves external.metrics.k8s.io as long as the test runs; called with a number, it serves that."""
    pair = Authority(tmp_path, "e2e").issue(
        "server", f"{SERVER}.{space.name}.svc", hosts=[f"{SERVER}.{space.name}.svc"]
    )
    files = {"server.py": PROGRAM.read_text(), "tls.crt": pair.certificate.read_text(), "tls.key": pair.key.read_text()}
    command = ["python3", "server.py", "tls.crt", "tls.key", "/tmp/value"]
    space.apply(
        config_map(SERVER, files),
        pod(SERVER, operator.images.proxy, command, SERVER, {}),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVER},
            "spec": {"selector": {"app": SERVER}, "ports": [{"port": 443, "targetPort": 6443}]},
        },
    )
    space.kubectl("wait", "--for=condition=Ready", f"pod/{SERVER}", "--timeout=60s")
    trusted = base64.b64encode((tmp_path / "e2e.crt").read_bytes()).decode()
    service = {"name": SERVER, "namespace": space.name, "port": 443}
    spec = {"group": API.split(".", 1)[1], "version": "v1beta1", "service": service, "caBundle": trusted}
    priorities = {"groupPriorityMinimum": 100, "versionPriority": 100}
    api = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": API}}
    space.apply(READER, BINDING, api | {"spec": spec | priorities})
    cluster.kubectl("wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=60s")

    def serve(value: int) -> None:
        write = f"open('/tmp/value', 'w').write('{value}')"
        space.kubectl("exec", SERVER, "--", "python3", "-c", write)

    yield serve
    # First of all: while it is registered and dead, no namespace can be deleted.
    cluster.kubectl("delete", "apiservice", API)
    cluster.kubectl("delete", "clusterrole,clusterrolebinding", "e2e-external-metrics")
