"""The operator's leader, the API server and a node break. All converges by itself."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import nodes
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster, CommandError

FLEET = "team"
INFO = "github.com/google/go-cmp/@v/v0.6.0.info"


def test_the_leader_is_killed(
    operator: Release, space: Space, goproxy: Callable[..., Object], cluster: Cluster
) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    space.wait_ready(FLEET, 1)
    leader = operator.leader()
    nodes.kill_pod(cluster, operator.pods()[leader], "goproxy-operator run")
    # This is asked for while nobody leads; the next leader does it within the Lease's time.
    space.apply(goproxy(FLEET, replicas=2))
    space.wait_ready(FLEET, 2, seconds=60)
    assert space.ask(f"{FLEET}-1", INFO)[0]
    until(lambda: restarts(operator.pods()[leader]) >= 1, "the killed one is back", seconds=60)


def test_the_api_server_restarts(
    operator: Release, space: Space, goproxy: Callable[..., Object], cluster: Cluster
) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    space.wait_ready(FLEET, 1)
    before = {name: restarts(pod) for name, pod in operator.pods().items()}
    nodes.kill_api_server(cluster)
    until(lambda: answers(cluster), "the API server answers again", seconds=120)
    space.apply(goproxy(FLEET, replicas=2, modules={"deny": ["github.com/google"]}))
    space.wait_ready(FLEET, 2, seconds=120)
    until(lambda: not any(space.ask(f"{FLEET}-{n}", INFO)[0] for n in (0, 1)), "both enforce it", seconds=60)
    assert {name: restarts(pod) for name, pod in operator.pods().items()} == before


def test_a_node_stands_still(space: Space, goproxy: Callable[..., Object], cluster: Cluster) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    _, node = space.on_two_nodes(FLEET)
    with nodes.paused(cluster, node):
        # By then the cluster has noticed the loss, and if the leader was on the node, another leads.
        until(lambda: ready(space) == 1, "the object says that one replica is left", seconds=180)
        assert space.condition(FLEET, "Ready")["status"] == "True"
        assert space.ask(f"{FLEET}-0", INFO)[0]
    space.wait_ready(FLEET, 2, seconds=180)


def ready(space: Space) -> int:
    return int(space.get("goproxy", FLEET)["status"].get("readyReplicas", 0))


def restarts(pod: Object) -> int:
    return sum(int(status["restartCount"]) for status in pod["status"].get("containerStatuses", []))


def answers(cluster: Cluster) -> bool:
    try:
        return cluster.kubectl("get", "--raw", "/readyz", "--request-timeout=3s", seconds=10) == "ok"
    except CommandError:
        return False
