"""The replicas of a fleet are one cache: upstream is asked once, however many they are and whatever happens to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.clients import Clients
from tests.e2e.pods import go_mod_download
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes.kind_cluster import Cluster
from tests.modproxy.bucket.versity import BUCKET, Versity, versity
from tests.secrecy.registry import new_secret

FLEET = "team"


def see_each_other(space: Space, replicas: int, fleet: str = FLEET) -> bool:
    """Whether every replica of the fleet sees all others."""
    pods = space.pods(fleet)
    assert len(pods) == replicas, f"{len(pods)} pods"
    for pod in pods:
        state = space.report(str(pod["metadata"]["name"])).peers
        assert state is not None and len(state.seen) == replicas - 1, state
    return True


def asked_more_than_once(upstream: Upstream) -> Counter[str]:
    """The files that upstream was asked for more than once."""
    return Counter({path: count for path, count in upstream.asked.items() if count > 1})


def test_three_replicas_fetch_each_file_once(
    space: Space, goproxy: Callable[..., Object], operator: Release, upstream: Upstream
) -> None:
    space.apply(goproxy(FLEET, replicas=3))
    space.wait_ready(FLEET, 3)
    until(partial(see_each_other, space, 3), "the replicas see each other", seconds=60)
    with ThreadPoolExecutor(3) as pool:
        names = [f"build-{number}" for number in range(3)]
        image, url = operator.images.proxy, f"http://{FLEET}:8080"
        builds = [pool.submit(go_mod_download, space, name, image, url) for name in names]
        for build in builds:
            good, said = build.result()
            assert good, said
    assert len(upstream.asked) > 20
    assert not asked_more_than_once(upstream)
    until(lambda: space.condition(FLEET, "PeersReady").get("status") == "True", "the status says so", seconds=90)


def test_scale_and_a_killed_pod_under_load(
    space: Space, goproxy: Callable[..., Object], operator: Release, upstream: Upstream, tree: Path
) -> None:
    space.apply(goproxy(FLEET, replicas=1))
    space.wait_ready(FLEET, 1)
    clients = Clients(space, operator.images.proxy, FLEET, tree)
    with clients:
        for replicas in (4, 2):
            space.kubectl("scale", "goproxy", FLEET, f"--replicas={replicas}")
            space.wait_ready(FLEET, replicas)
            until(partial(see_each_other, space, replicas), f"{replicas} replicas see each other", seconds=90)
            clients.go_on()
        space.kubectl("delete", "pod", f"{FLEET}-0", "--wait=false")
        clients.go_on()
        space.wait_ready(FLEET, 2)
        until(partial(see_each_other, space, 2), "two replicas see each other again", seconds=90)
        clients.go_on()
    assert len(upstream.asked) > 20
    assert not asked_more_than_once(upstream)


def reads_and_writes(space: Space) -> bool:
    """Whether the fleet says that it reads and writes its bucket."""
    return space.condition(FLEET, "ObjectStoreReady").get("status") == "True"


@pytest.fixture
def bucket(cluster: Cluster, tmp_path: Path) -> Iterator[Versity]:
    """A bucket of an S3 on this machine, at an address that only the cluster's pods reach."""
    with versity(tmp_path, new_secret("bucket"), cluster.gateway()) as serving:
        yield serving


def test_two_fleets_in_two_namespaces_share_a_bucket(
    new_space: Callable[[], Space],
    goproxy: Callable[..., Object],
    operator: Release,
    upstream: Upstream,
    bucket: Versity,
) -> None:
    first, second = new_space(), new_space()
    keys = {"AWS_ACCESS_KEY_ID": bucket.key, "AWS_SECRET_ACCESS_KEY": bucket.secret}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "bucket"}, "stringData": keys}
    store = {"url": f"s3://{BUCKET}/shared", "endpoint": bucket.url, "secretName": "bucket"}
    cache = {"objectStore": store, "storage": {"ephemeral": True, "size": "1Gi"}}
    for space in (first, second):
        space.apply(secret, goproxy(FLEET, replicas=1, cache=cache))
        space.wait_ready(FLEET, 1)
        until(partial(reads_and_writes, space), "the bucket", seconds=90)
        assert not space.items("persistentvolumeclaims")
    image, url = operator.images.proxy, f"http://{FLEET}:8080"
    good, said = go_mod_download(first, "build", image, url)
    assert good, said

    def written() -> bool:
        state = first.report(f"{FLEET}-0").object_store
        return state is not None and state.waiting == 0

    until(written, "all files are in the bucket", seconds=60)
    asked = upstream.asked.total()
    upstream.cut = True
    good, said = go_mod_download(second, "build", image, url)
    assert good, said
    assert upstream.asked.total() == asked, "the second fleet has all from the bucket"

    # The disk of the first fleet is gone with its pod.
    first.kubectl("delete", "pod", f"{FLEET}-0")
    first.wait_ready(FLEET, 1)
    good, said = go_mod_download(first, "again", image, url)
    assert good, said
