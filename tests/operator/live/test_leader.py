"""One operator is active: the Lease passes on when it ends in order, and it survives outages of the API server."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import ROOT, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import OperatorProcess


def holder(control_plane: ControlPlane) -> str:
    lease = control_plane.kubectl("get", "lease", "goproxy-operator", "-n", "goproxy-operator", "-o", "json").stdout
    return str(json.loads(lease)["spec"].get("holderIdentity") or "")


@pytest.mark.usefixtures("nodes")
async def test_the_second_takes_over_at_once_when_the_first_is_told_to_stop(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator() as first:
        await first.leading()
        async with new_operator() as second:
            await fleet.apply()
            await fleet.wait_ready(2)
            assert await second.metric("goproxy_operator_leading") == 0
            assert f"-{first.pid}-" in holder(control_plane)

            begun = time.monotonic()
            assert await first.stop() == 0
            assert "released the Lease" in first.log
            await second.leading()
            assert time.monotonic() - begun < 6
            assert f"-{second.pid}-" in holder(control_plane)
            await fleet.apply(replicas=3)
            await fleet.wait_ready(3)
            assert await second.stop() == 0
    assert holder(control_plane) == ""


@pytest.mark.usefixtures("nodes")
async def test_a_restart_of_the_api_server_is_survived(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator() as operator:
        await operator.leading()
        await fleet.apply()
        await fleet.wait_ready(2)
        control_plane.restart_apiserver()
        await fleet.apply(replicas=3)
        await fleet.wait_ready(3)
        assert await operator.metric("goproxy_operator_leading") == 1


@pytest.mark.usefixtures("nodes")
async def test_a_leader_whom_nobody_answers_steps_down_in_time(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator
) -> None:
    async with new_operator() as operator:
        await operator.leading()
        begun = time.monotonic()
        control_plane.apiserver.pause()
        try:

            async def stepped_down() -> bool:
                return await operator.metric("goproxy_operator_leading") == 0

            await eventually(stepped_down, "it stops working")
            # Others wait for twelve seconds after the last renewal that they saw.
            assert time.monotonic() - begun < 12
        finally:
            control_plane.apiserver.resume()
        await operator.leading()
        await fleet.apply()
        await fleet.wait_ready(2)


async def test_a_wrong_kubeconfig_is_one_clear_line(new_operator: StartOperator) -> None:
    async with new_operator("--kubeconfig=/nonexistent") as operator:
        assert await operator.ended() == 1
        assert operator.log == ("goproxy-operator: /nonexistent is no file: name a kubeconfig with --kubeconfig FILE\n")


async def test_a_wrong_argument_is_told_by_its_name(new_operator: StartOperator) -> None:
    async with new_operator("--resync=soon") as operator:
        assert await operator.ended() == 2
        assert (
            "argument --resync: 'soon' is not a duration: write for example 30s, 5m or 72h (a day is 24h)"
            in operator.log
        )


@pytest.mark.usefixtures("nodes")
async def test_the_definition_may_go_and_come_back(
    control_plane: ControlPlane, fleet: Fleet, installed: Path, tmp_path: Path
) -> None:
    async with OperatorProcess(installed, tmp_path / "operator.log") as operator:
        await operator.leading()
        await fleet.apply()
        await fleet.wait_ready(2)
        definition = ROOT / "crds" / "goproxies.yaml"
        await fleet.kubectl("delete", "-f", definition, "--timeout=30s")
        await fleet.kubectl("apply", "-f", definition)
        await asyncio.to_thread(control_plane.until_established, "crd/goproxies.goproxy-operator.dev")
        await fleet.apply(replicas=1)
        # The collector of garbage looks every 30 s whether there are new kinds; until then the former children stand.
        await fleet.wait_ready(1, seconds=120)
