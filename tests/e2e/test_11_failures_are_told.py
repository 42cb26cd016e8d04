"""Failures made for real: for each, `kubectl describe gop` alone names the cause and what to do, within its time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.failures.classes import CLASS, CLASSES
from tests.e2e.failures.failure import Failure
from tests.e2e.failures.ill_servers import IllServers
from tests.e2e.failures.scene import Scene
from tests.e2e.failures.table import SIDE_BY_SIDE
from tests.e2e.release import Release
from tests.e2e.space import Space
from tests.e2e.upstream import Upstream
from tests.kubernetes.docker import DockerError
from tests.kubernetes.kind_cluster import Cluster, CommandError
from tests.kubernetes.progress import say

AT_ONCE = 6
"""More at a time keep two cores from starting pods in time."""
LOOKS = 2.0  # seconds between two looks


@pytest.fixture
def scenes(
    cluster: Cluster, operator: Release, upstream: Upstream, tmp_path: Path
) -> Iterator[Callable[[Failure], Scene]]:
    """Makes a namespace for a failure."""
    made: list[Scene] = []
    with IllServers(cluster.gateway(), tmp_path) as ill:

        def make(failure: Failure) -> Scene:
            space = Space(cluster, f"{failure.name}-{secrets.token_hex(2)}")
            cluster.kubectl("create", "namespace", space.name)
            scene = Scene(space, upstream.url, cluster.gateway(), ill, operator.images)
            made.append(scene)
            space.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
            return scene

        yield make
    for scene in made:
        cluster.kubectl("delete", "namespace", scene.space.name, "--wait=false", "--ignore-not-found")
        for kind, name in scene.wide:
            cluster.kubectl("delete", kind, name, "--wait=false", "--ignore-not-found")


def watch(scene: Scene, failure: Failure) -> str:
    """Make the failure and read the object until it tells of it; what is wrong with what it tells, "" if nothing is."""
    try:
        failure.make(scene)
    except (AssertionError, CommandError, DockerError) as broken:
        return f"{failure.name}: it could not be made: {broken}"
    begun = time.monotonic()
    while True:
        if failure.asks:
            scene.ask()
        described = scene.describe()
        passed = time.monotonic() - begun
        if failure.told(described):
            say(f"{failure.name}: told after {passed:.0f} s: {failure.message(described)}")
            return ""
        if passed > failure.seconds:
            return f"{failure.name}: not told as {failure.reason} after {passed:.0f} s:\n{described}"
        time.sleep(LOOKS)


def test_what_concerns_one_namespace(scenes: Callable[[Failure], Scene]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults = list(pool.map(lambda failure: watch(scenes(failure), failure), SIDE_BY_SIDE))
    assert not any(faults), "\n".join(filter(None, faults))


def test_what_classes_refuse(scenes: Callable[[Failure], Scene], cluster: Cluster) -> None:
    faults = []
    for failure in CLASSES:
        try:
            faults.append(watch(scenes(failure), failure))
        finally:
            with suppress(CommandError):
                cluster.kubectl("delete", "goproxyclass", CLASS, "--ignore-not-found")
    assert not any(faults), "\n".join(filter(None, faults))
