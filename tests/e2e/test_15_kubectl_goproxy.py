"""`kubectl goproxy` in a real cluster: replicas are asked by port-forwards through a real kubelet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.pods import go_mod_download
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.waiting import until
from tests.kubernetes import kube_binary

BIN = Path(sys.executable).parent
FLEET = "team"


def goproxy_command(space: Space, *arguments: str) -> tuple[int, str, str]:
    """Run `kubectl goproxy ARGUMENTS` in the namespace of the test. Returns exit status, output, and errors."""
    environment = space.cluster.environment()
    environment["PATH"] = f"{BIN}:{environment.get('PATH', os.environ['PATH'])}"
    kubectl = kube_binary.ensure() / "kubectl"
    done = subprocess.run(
        [kubectl, "goproxy", *arguments, "--namespace", space.name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def fleet(space: Space, goproxy: Callable[..., Object], operator: Release) -> str:
    """A fleet of two that has answered a download."""
    space.apply(goproxy(FLEET, replicas=2, modules={"deny": ["example.com/secret"]}))
    space.wait_ready(FLEET, 2)
    endpoint = space.get("goproxy", FLEET)["status"]["endpoint"]
    well, said = go_mod_download(space, "first", operator.images.proxy, endpoint)
    assert well, said
    return FLEET


def test_replicas_are_asked_through_the_api_server(space: Space, fleet: str) -> None:
    status, out, err = goproxy_command(space, "status", fleet, "-o", "json")
    assert status == 0, err
    shown = json.loads(out)
    assert [one["name"] for one in shown["replicas"]] == [f"{fleet}-0", f"{fleet}-1"]
    assert all(one["report"]["ready"] and one["problem"] is None for one in shown["replicas"]), out
    # What the container may have is told by nodes with cgroup v2 only.
    assert all(one["report"]["resources"]["openDescriptors"] for one in shown["replicas"]), out

    status, out, err = goproxy_command(space, "top", fleet, "-o", "json")
    assert status == 0, err
    assert json.loads(out)["modules"], out

    status, out, _ = goproxy_command(space, "why", "example.com/secret@v1.0.0", "--of", fleet, "--as-user", "jane")
    assert (status, "is REFUSED for jane, by modules, with 403" in out) == (1, True), out

    status, out, err = goproxy_command(space, "status", fleet)
    assert (status, f"{fleet}-1" in out, "TOP MODULES" in out) == (0, True, True), err

    status, out, err = goproxy_command(space, "events", fleet)
    assert (status, f"pod/{fleet}-0" in out) == (0, True), err


def test_a_replica_that_goes_is_told_as_such(space: Space, fleet: str) -> None:
    space.kubectl("delete", "pod", f"{fleet}-1", "--wait=false")

    def told() -> bool:
        status, out, _ = goproxy_command(space, "status", fleet)
        return status == 0 and f"{fleet}-1: pod {fleet}-1" in out

    until(told, "status names the replica that cannot be asked", 60)
    space.wait_ready(fleet, 2)


def test_who_may_not_forward_sees_the_object(space: Space, fleet: str) -> None:
    space.kubectl("create", "serviceaccount", "viewer")
    account = f"system:serviceaccount:{space.name}:viewer"
    space.kubectl("create", "rolebinding", "viewer", "--clusterrole=view", f"--serviceaccount={space.name}:viewer")

    def told() -> bool:
        status, out, _ = goproxy_command(space, "status", fleet, "--as", account)
        return status == 0 and "you lack the right create on pods/portforward" in out

    until(told, "the right that is missing is named", 30)
    role = "goproxy-operator-plugin"
    space.kubectl("create", "rolebinding", "keeper", f"--clusterrole={role}", f"--serviceaccount={space.name}:viewer")

    def shown() -> bool:
        status, out, _ = goproxy_command(space, "top", fleet, "--as", account)
        return status == 0 and "MODULE" in out

    until(shown, "the role for the plugin has all that top needs", 30)
