"""Claims grow while builds go on if their StorageClass can; if it cannot, the status says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.clients import Clients
from tests.e2e.release import Release
from tests.e2e.space import FLEET_LABEL, Object, Space
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster

FLEET = "team"
FIXED, GROWING = "fixed", "growing"
PROVISIONER = "rancher.io/local-path"  # kind's own provisioner: it makes folders of a node and never resizes them


@pytest.fixture
def classes(cluster: Cluster) -> Iterator[None]:
    """Two StorageClasses of the cluster's provisioner, one of which says that its volumes grow."""
    if cluster.docker is None:
        pytest.skip("a given cluster need not have the provisioner")
    made = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": PROVISIONER,
            "volumeBindingMode": "WaitForFirstConsumer",
            "allowVolumeExpansion": grows,
        }
        for name, grows in ((FIXED, False), (GROWING, True))
    ]
    listed = {"apiVersion": "v1", "kind": "List", "items": made}
    cluster.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
    yield
    cluster.kubectl("delete", "storageclass", FIXED, GROWING, "--ignore-not-found")


@pytest.mark.usefixtures("classes")
def test_a_class_that_cannot_expand_is_told_and_the_fleet_runs_on(
    space: Space, goproxy: Callable[..., Object], operator: Release, tree: Path
) -> None:
    space.apply(goproxy(FLEET, replicas=1, cache=storage(FIXED, "1Gi")))
    space.wait_ready(FLEET, 1)
    before = uids(space)
    with Clients(space, operator.images.proxy, FLEET, tree) as clients:
        space.apply(goproxy(FLEET, replicas=1, cache=storage(FIXED, "2Gi")))

        def told() -> Object:
            stalled = space.condition(FLEET, "Stalled")
            return stalled if stalled.get("reason") == "StorageCannotGrow" else {}

        message = until(told, "that the claims cannot grow is told", seconds=60)["message"]
        assert message == (
            "cache.storage.size 2Gi cannot be carried out: the claims' StorageClass fixed does not say "
            f"allowVolumeExpansion: true; cache-{FLEET}-0 has 1Gi, and the caches go on with 1Gi: let volumes expand, "
            "or write size 1Gi, or replace one replica after the other by an empty one of 2Gi: "
            "kubectl delete --wait=false "
            f"pvc/cache-{FLEET}-0 pod/{FLEET}-0"
        )
        until(lambda: message in notes(space, "StorageCannotGrow"), "an Event says the same", seconds=30)
        clients.go_on()
    assert uids(space) == before


@pytest.mark.usefixtures("classes")
def test_claims_grow_under_load_and_no_pod_is_restarted(
    space: Space, goproxy: Callable[..., Object], operator: Release, tree: Path
) -> None:
    space.apply(goproxy(FLEET, replicas=1, cache=storage(GROWING, "1Gi")))
    space.on_two_nodes(FLEET)
    before, config = uids(space), space.report(f"{FLEET}-0").config.hash
    with Clients(space, operator.images.proxy, FLEET, tree) as clients:
        space.apply(goproxy(FLEET, replicas=2, cache=storage(GROWING, "2Gi")))
        until(lambda: requests(space) == ["2Gi", "2Gi"], "larger claims are asked for", seconds=60)
        until(lambda: space.condition(FLEET, "StorageResizing"), "that they grow is told", seconds=60)
        until(lambda: notes(space, "ClaimsGrowing"), "an Event says the same", seconds=30)
        clients.go_on()
        for claim in claims(space):
            resize(space, claim, "2Gi")

        def grown() -> bool:
            template = space.get("statefulset", FLEET)["spec"]["volumeClaimTemplates"][0]
            assert template["spec"]["resources"]["requests"]["storage"] == "2Gi"
            assert not space.condition(FLEET, "StorageResizing")
            return True

        until(grown, "all claims have grown", seconds=90)
        space.wait_ready(FLEET, 2)
        until(lambda: space.condition(FLEET, "ConfigSynced").get("status") == "True", "replicas know it", seconds=120)
        assert {space.report(f"{FLEET}-{number}").config.hash for number in (0, 1)} & {config} == set()
        clients.go_on()
    assert uids(space) == before
    restarts = [status["restartCount"] for pod in space.pods(FLEET) for status in pod["status"]["containerStatuses"]]
    assert restarts == [0, 0]


def storage(name: str, size: str) -> Object:
    return {"storage": {"size": size, "storageClassName": name, "whenDeleted": "Delete"}}


def claims(space: Space) -> list[Object]:
    return space.items("pvc", f"{FLEET_LABEL}={FLEET}")


def requests(space: Space) -> list[str]:
    return [claim["spec"]["resources"]["requests"]["storage"] for claim in claims(space)]


def resize(space: Space, claim: Object, size: str) -> None:
    """Do what the resizer of a storage driver does: grow the volume first, then what the claim says of it."""
    volume = json.dumps({"spec": {"capacity": {"storage": size}}})
    space.cluster.kubectl("patch", "pv", claim["spec"]["volumeName"], "--type=merge", f"--patch={volume}")
    status = json.dumps({"status": {"capacity": {"storage": size}}})
    name = claim["metadata"]["name"]
    space.kubectl("patch", "pvc", name, "--subresource=status", "--type=merge", f"--patch={status}")


def notes(space: Space, reason: str) -> list[str]:
    """What the Events about the fleet say for a reason."""
    events = space.items("events.events.k8s.io")
    return [event["note"] for event in events if event["reason"] == reason and event["regarding"]["kind"] == "GoProxy"]


def uids(space: Space) -> list[str]:
    """Of the pods and of the claims."""
    return sorted(str(item["metadata"]["uid"]) for item in [*space.pods(FLEET), *claims(space)])
