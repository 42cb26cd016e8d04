"""`kubectl goproxy` against a real API server, called by a real kubectl."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess

BIN = Path(sys.executable).parent


async def goproxy(plane: ControlPlane, *arguments: str, kubeconfig: Path | None = None) -> tuple[int, str, str]:
    """Run `kubectl goproxy ARGUMENTS`."""
    kubectl = Path(plane._programs) / "kubectl"
    process = await asyncio.create_subprocess_exec(
        kubectl,
        "goproxy",
        *arguments,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": str(kubeconfig or plane.kubeconfig)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert "Traceback" not in err.decode()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_a_fleet_is_shown_as_its_object_has_it(
    control_plane: ControlPlane, fleet: Fleet, nodes: NodeStandIn, operator: OperatorProcess
) -> None:
    await fleet.apply()
    await fleet.wait_ready(2)
    here = ("-n", fleet.kubectl.namespace)

    status, out, err = await goproxy(control_plane, "status", *here)
    assert (status, "2/2" in out, "team-a in the namespace" in out) == (0, True, True), err
    # No kubelet runs here: each replica is named with the reason why it does not answer.
    assert "team-a-0: pod team-a-0" in out

    status, out, _ = await goproxy(control_plane, "status", "team-a", "-o", "json", *here)
    shown = json.loads(out)
    assert shown["status"]["readyReplicas"] == 2
    assert {one["report"] for one in shown["replicas"]} == {None}

    status, out, _ = await goproxy(control_plane, "list", "-o", "json", *here)
    items = json.loads(out)
    assert (items["kind"], [one["metadata"]["name"] for one in items["items"]]) == ("List", ["team-a"])
    status, out, _ = await goproxy(control_plane, "list", "-A", "-o", "wide")
    assert (status, fleet.kubectl.namespace in out) == (0, True)

    status, out, _ = await goproxy(control_plane, "events", "team-a", *here)
    assert (status, "statefulset/team-a" in out) == (0, True)

    status, _, err = await goproxy(control_plane, "status", "team-b", *here)
    assert (status, "there is no fleet team-b" in err, err.count("\n")) == (1, True, 1)


async def test_who_may_do_what(control_plane: ControlPlane, fleet: Fleet, nodes: NodeStandIn, installed: Path) -> None:
    """A viewer sees the objects and is told what is missing; the role for the plugin has all that it needs."""
    await fleet.apply(replicas=1)
    here = ("-n", fleet.kubectl.namespace)
    for name, role in (("nobody", None), ("viewer", "view"), ("keeper", "goproxy-operator-plugin")):
        await fleet.kubectl("create", "serviceaccount", name)
        if role is not None:
            account = f"--serviceaccount={fleet.kubectl.namespace}:{name}"
            await fleet.kubectl("create", "rolebinding", name, f"--clusterrole={role}", account)
    accounts = {
        name: control_plane.service_account_kubeconfig(fleet.kubectl.namespace, name)
        for name in ("nobody", "viewer", "keeper")
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "team-a-0", "labels": {"goproxy-operator.dev/fleet": "team-a"}},
        "spec": {"containers": [{"name": "modproxy", "image": "modproxy:1"}]},
    }
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    await fleet.kubectl("wait", "pod/team-a-0", "--for=condition=Ready", "--timeout=30s")

    status, _, err = await goproxy(control_plane, "list", *here, kubeconfig=accounts["nobody"])
    assert (status, "refuses (403)" in err, err.count("\n")) == (1, True, 1)
    status, out, err = await goproxy(control_plane, "status", *here, kubeconfig=accounts["viewer"])
    assert (status, "you lack the right create on pods/portforward" in out) == (0, True), err
    status, out, err = await goproxy(control_plane, "status", *here, kubeconfig=accounts["keeper"])
    assert (status, "you lack the right" in out) == (0, False), err
    status, out, err = await goproxy(control_plane, "events", *here, kubeconfig=accounts["keeper"])
    assert status == 0, err
    # Impersonation, by somebody who may: the one who acts as the viewer has the viewer's rights.
    viewer = f"--as=system:serviceaccount:{fleet.kubectl.namespace}:viewer"
    status, out, err = await goproxy(control_plane, "status", *here, viewer)
    assert (status, "you lack the right create on pods/portforward" in out) == (0, True), err
