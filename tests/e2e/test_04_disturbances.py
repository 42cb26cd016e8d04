"""Platform teams roll a fleet that is in use, drain its node and lose a pod. Nobody's build fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.clients import Clients
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster

FLEET = "team"


@pytest.fixture
def clients(space: Space, goproxy: Callable[..., Object], operator: Release, tree: Path) -> Clients:
    """A fleet of two, on two nodes, and clients of it, to be started."""
    space.apply(goproxy(FLEET, replicas=1))
    space.on_two_nodes(FLEET)
    return Clients(space, operator.images.proxy, FLEET, tree)


def test_new_image_and_template(space: Space, clients: Clients, operator: Release, cluster: Cluster) -> None:
    if cluster.docker is None:
        pytest.skip("another image can be made only where the cluster is ours")
    newer = f"{operator.images.proxy}-newer"
    cluster.docker("tag", operator.images.proxy, newer)
    cluster.load(newer)
    before = uids(space)
    with clients:
        merge = f'{{"spec": {{"image": "{newer}", "pod": {{"annotations": {{"example.com/changed": "yes"}}}}}}}}'
        space.kubectl("patch", "goproxy", FLEET, "--type=merge", f"--patch={merge}")
        until(lambda: images(space) == [newer, newer], "both replicas run the newer image", seconds=180)
        space.wait_ready(FLEET, 2)
        clients.go_on()
    assert not set(before) & set(uids(space))


def test_drain_of_a_node(space: Space, clients: Clients, cluster: Cluster) -> None:
    node = str(space.pods(FLEET)[0]["spec"]["nodeName"])
    with clients:
        # Only the fleet is drained: a drain of the clients' node would evict the clients' own pod too.
        only = f"--pod-selector=goproxy-operator.dev/fleet={FLEET}"
        try:
            options = ("--ignore-daemonsets", "--delete-emptydir-data", only, "--timeout=150s")
            space.kubectl("drain", node, *options, seconds=170)
            assert all(pod["spec"].get("nodeName") != node for pod in space.pods(FLEET)), "the node is empty"
            clients.go_on()
        finally:
            cluster.kubectl("uncordon", node)
        space.wait_ready(FLEET, 2)
        clients.go_on()


def test_a_deleted_pod_comes_back_with_its_cache(space: Space, clients: Clients) -> None:
    with clients:
        # The clients keep their connections, and chance may lead every one of them to the same replica.
        index = until(lambda: holders(space), "a replica holds modules", seconds=60)[0]
        pod = f"{FLEET}-{index}"
        claim, held, uid = space.get("pvc", f"cache-{pod}"), space.report(pod).storage, uid_of(space, pod)
        space.kubectl("delete", "pod", pod, "--wait=false")
        until(lambda: uid_of(space, pod) not in (uid, ""), "another pod of that name", seconds=90)
        space.wait_ready(FLEET, 2)
        clients.go_on()
    assert space.get("pvc", f"cache-{pod}")["metadata"]["uid"] == claim["metadata"]["uid"]
    until(lambda: space.report(pod).storage.scanned, "the cache is counted", seconds=30)
    assert space.report(pod).storage.used_bytes >= held.used_bytes


def holders(space: Space) -> list[int]:
    """The replicas, by index, that hold more than a megabyte."""
    return [index for index in (0, 1) if space.report(f"{FLEET}-{index}").storage.used_bytes > 1_000_000]


def uid_of(space: Space, pod: str) -> str:
    """The uid of the pod that has this name now; empty while there is none."""
    return next((str(one["metadata"]["uid"]) for one in space.pods(FLEET) if one["metadata"]["name"] == pod), "")


def uids(space: Space) -> list[str]:
    return [str(pod["metadata"]["uid"]) for pod in space.pods(FLEET)] or [""]


def images(space: Space) -> list[str]:
    """What ready replicas run."""
    return [
        str(pod["spec"]["containers"][0]["image"])
        for pod in space.pods(FLEET)
        if any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
    ]
