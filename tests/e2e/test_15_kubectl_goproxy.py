"""`kubectl goproxy` in a real cluster: replicas are asked by port-forwards through a real kubelet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modproxy.mod.go_mod import parse_go_mod
from tests.e2e.module_tree import PROJECT
from tests.e2e.pods import go_mod_download
from tests.e2e.release import Release
from tests.e2e.space import Object, Space
from tests.e2e.upstream import Upstream
from tests.e2e.waiting import until
from tests.kubernetes import kube_binary

BIN = Path(sys.executable).parent
FLEET = "team"


def goproxy_command(space: Space, *arguments: str, lines: str = "") -> tuple[int, str, str]:
    """Run `kubectl goproxy ARGUMENTS` in the namespace of the test. Returns exit status, output, and errors."""
    environment = space.cluster.environment()
    environment["PATH"] = f"{BIN}:{environment.get('PATH', os.environ['PATH'])}"
    kubectl = kube_binary.ensure() / "kubectl"
    done = subprocess.run(
        [kubectl, "goproxy", *arguments, "--namespace", space.name],
        env=environment,
        input=lines,
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
    fields = {"modules": {"deny": ["example.com/secret"]}, "audit": {"to": ["Stdout"]}}
    space.apply(goproxy(FLEET, replicas=2, **fields))
    space.wait_ready(FLEET, 2)
    endpoint = space.get("goproxy", FLEET)["status"]["endpoint"]
    well, said = go_mod_download(space, "first", operator.images.proxy, endpoint)
    assert well, said
    return FLEET


def test_replicas_are_asked_through_the_api_server(space: Space, fleet: str, upstream: Upstream) -> None:
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

    inventory_of_the_pods(space, fleet)
    doctor_sees_what_the_replicas_see(space, fleet, upstream)


def inventory_of_the_pods(space: Space, fleet: str) -> None:
    """What the replicas have written on their standard output is a list of what was served."""
    lines = "".join(space.kubectl("logs", f"{fleet}-{number}") for number in range(2))
    status, out, err = goproxy_command(space, "inventory", "-", "-o", "json", lines=lines)
    assert status == 0, err
    served = {(one["module"], one["version"]) for one in json.loads(out)["versions"]}
    assert served >= project_modules()
    status, out, err = goproxy_command(
        space, "inventory", "-", "--refused-now", "--of", fleet, "-o", "json", lines=lines
    )
    assert (status, json.loads(out)["versions"]) == (0, []), err


def project_modules() -> set[tuple[str, str]]:
    """The modules that the first client has downloaded."""
    required = parse_go_mod((PROJECT / "go.mod").read_text()).required
    return {(str(one.path), str(one.version)) for one in required}


def doctor(space: Space, fleet: str) -> tuple[int, dict[str, Any], dict[str, list[Object]]]:
    """Run `kubectl goproxy doctor` for a version. Returns exit status, its document, and the places of each replica."""
    module, version = min(project_modules())
    status, out, err = goproxy_command(space, "doctor", f"{module}@{version}", "--of", fleet, "-o", "json")
    assert out, err
    told = json.loads(out)
    return status, told, {one["replica"]: one["places"] for one in told["probes"]}


def doctor_sees_what_the_replicas_see(space: Space, fleet: str, upstream: Upstream) -> None:
    """First all is well; then the upstream answers 503; then nothing listens there."""
    status, told, replicas = doctor(space, fleet)
    assert (status, told["verdict"].startswith("All is well")) == (0, True), told["findings"]
    assert "cluster-only" in [one["code"] for one in told["findings"]], "this machine has no way to a Service"
    assert set(replicas) == {f"{fleet}-0", f"{fleet}-1"}
    for places in replicas.values():
        by_kind = {one["kind"]: one for one in places}
        assert set(by_kind) == {"upstream", "peer"}, places
        asked = by_kind["upstream"]
        assert (asked["name"], asked["status"], asked["failure"]) == (upstream.url, 200, "")
        assert asked["asked"].endswith(".info")
        assert min(asked["connectSeconds"], asked["firstByteSeconds"], by_kind["peer"]["connectSeconds"]) > 0
        assert by_kind["peer"]["status"] == 200

    upstream.cut = True
    status, told, _ = doctor(space, fleet)
    assert status == 1
    assert f"replica {fleet}-0, {fleet}-1: {upstream.url} answers 503" in told["verdict"], told["findings"]
    assert "spec.upstream" in told["first"]

    upstream.stop()
    status, told, replicas = doctor(space, fleet)
    assert (status, "cannot be reached: Connection refused" in told["verdict"]) == (1, True), told["findings"]
    assert all(one["failure"] for places in replicas.values() for one in places if one["kind"] == "upstream")
    _, out, _ = goproxy_command(space, "doctor", "--of", fleet)
    assert "FROM REPLICA" in out


def test_a_replica_that_goes_is_told_as_such(space: Space, fleet: str) -> None:
    def told() -> bool:
        status, out, _ = goproxy_command(space, "status", fleet)
        return status == 0 and f"{fleet}-1: pod {fleet}-1" in out

    # Else the new pod may run before the command has looked even once.
    space.cluster.kubectl("taint", "nodes", "--all", "goproxy-operator.test/full=:NoSchedule")
    try:
        space.kubectl("delete", "pod", f"{fleet}-1", "--wait=false")
        until(told, "status names the replica that cannot be asked", 60)
        status, out, _ = goproxy_command(space, "doctor", "--of", fleet)
        assert (status, f"replica {fleet}-1: its report is not known: pod {fleet}-1" in out) == (0, True), out
    finally:
        space.cluster.kubectl("taint", "nodes", "--all", "goproxy-operator.test/full-")
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
