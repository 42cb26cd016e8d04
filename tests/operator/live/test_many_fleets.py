"""Fifty fleets at once, then a quiet time: the thousand and the ten minutes are `make bench ARGS=fleets`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from modproxy.contract.report import StorageState, Window
from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live.many_fleets import ManyFleets, fleet_keys, writes_by_kind
from tests.operator.live.operator_process import USER, OperatorProcess
from tests.operator.live.replica_reports import ReplicaReports, steady

QUIET_SECONDS = 75
"""More than the minute after which a figure that moves is written again."""
MOVING = "fleet-0007"


@pytest.mark.skipif(sys.platform != "linux", reason="one listener for all addresses of loopback is Linux's")
@pytest.mark.timeout(290, func_only=True)
async def test_a_crowd_converges_and_is_quiet(
    control_plane: ControlPlane, installed: Path, nodes: NodeStandIn, tmp_path: Path
) -> None:
    began = time.monotonic()

    def figures(namespace: str, pod: str) -> tuple[StorageState, Window]:
        storage, window = steady(namespace, pod)
        if pod.startswith(MOVING):
            grown = storage.used_bytes + int(time.monotonic() - began) * 2**28
            storage = storage.model_copy(update={"used_bytes": grown})
        # What trembles below the last digit that is shown is not told.
        return storage, window.model_copy(update={"requests_per_second": 206.0 + time.monotonic() % 1})

    async with (
        control_plane.session() as session,
        ReplicaReports(session, figures),
        ManyFleets(session, fleet_keys(50, 5)) as fleets,
        OperatorProcess(installed, tmp_path / "operator.log", "--scrape-interval=2s") as operator,
    ):
        await fleets.make_namespaces()
        await operator.leading()
        mark = control_plane.audit.mark()
        await fleets.make()
        await eventually(lambda: not fleets.unfinished(), "all fleets have their children and a status", 60)
        await eventually(lambda: not fleets.not_settled(), "all fleets are settled", 60)
        made = audit.matching(control_plane.audit.since(mark), user=USER)
        # Seven children and a handful of statuses each; every other call is a read.
        assert len([call for call in made if call.verb in audit.WRITES and call.resource != "leases"]) <= 50 * 16
        await asyncio.sleep(5)  # the first reports' figures are written

        quiet = control_plane.audit.mark()
        await asyncio.sleep(QUIET_SECONDS)
        calls = control_plane.audit.since(quiet)
        writes = writes_by_kind(calls)
        assert writes.keys() <= {"patch goproxies/status"}, writes
        written = audit.matching(calls, user=USER, verbs="patch", resource="goproxies")
        assert {call.name for call in written} <= {MOVING}
        assert len(written) <= QUIET_SECONDS // 60 + 1
        reads = [call for call in audit.matching(calls, user=USER) if call.resource not in ("leases", "")]
        assert len(reads) < 100, reads[:20]

        await operator.stop()
        restart = control_plane.audit.mark()
        async with OperatorProcess(installed, tmp_path / "second.log", "--scrape-interval=1h") as second:
            await second.leading()

            async def all_looked_at() -> bool:
                return await second.metric("goproxy_operator_reconcile_seconds_count") >= 50

            await eventually(all_looked_at, "all fleets are looked at")
            await eventually(lambda: not fleets.not_settled(), "all fleets are settled", 30)
            await asyncio.sleep(1)
        assert writes_by_kind(control_plane.audit.since(restart)) == {}
        await asyncio.gather(*(session.delete(f"/api/v1/namespaces/crowd-{n:03}") for n in range(5)))
    for log in ("operator.log", "second.log"):
        assert "fault of the operator" not in (tmp_path / log).read_text()
