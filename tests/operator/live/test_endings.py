"""What is being deleted is left to go; and a fleet that fails keeps no other waiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.kubernetes.api_proxy import Call, refusal
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.spoilt import Spoilt


@pytest.fixture
async def ending(control_plane: ControlPlane, namespace: str) -> AsyncIterator[str]:
    """A namespace in which one pod will not go, so that nothing else of it does once it is deleted."""
    name = f"{namespace}-2"
    control_plane.kubectl("create", "namespace", name)
    control_plane.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=30s")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stays", "namespace": name, "finalizers": ["example.com/stay"]},
        "spec": {"containers": [{"name": "main", "image": "example.com/main"}]},
    }
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    yield name
    patch = '{"metadata": {"finalizers": null}}'
    control_plane.kubectl("patch", "pod", "stays", "-n", name, "--type=merge", "-p", patch, check=False)


@pytest.mark.usefixtures("installed", "nodes")
@pytest.mark.parametrize("runs", [True, False], ids=["while it runs", "while it is down"])
async def test_a_namespace_that_is_being_deleted_is_left_to_go(
    runs: bool, control_plane: ControlPlane, api: aiohttp.ClientSession, ending: str, tmp_path: Path
) -> None:
    async with Spoilt(control_plane, api, tmp_path, ending) as spoilt:
        if not runs:
            await spoilt.operator.stop()
        await spoilt.insist("delete", f"/api/v1/namespaces/{ending}")
        before = spoilt.proxy.writes
        for namespace, name in spoilt.keys:
            await spoilt.insist("delete", f"/api/v1/namespaces/{namespace}/services/{name}")
        if not runs:
            await spoilt.operator.__aenter__()
            await spoilt.operator.leading()

        def all_seen() -> bool:
            return spoilt.operator.log.count("its namespace is being deleted") >= len(spoilt.keys)

        await eventually(all_seen, "each fleet is seen to go")
        await asyncio.sleep(3)
        writes = spoilt.proxy.writes - before
        print(f"{writes} writes for {len(spoilt.keys)} fleets in a namespace that is being deleted")
        assert writes <= 3 * len(spoilt.keys)
        calls = await spoilt.calm()
        assert calls.total() < len(spoilt.keys), calls
        control_plane.kubectl(
            "patch", "pod", "stays", "-n", ending, "--type=merge", "-p", '{"metadata": {"finalizers": null}}'
        )
        await eventually(
            lambda: control_plane.kubectl("get", "ns", ending, check=False).returncode != 0, "it is gone", 60
        )
        log = spoilt.operator.log
        counted = await spoilt.operator.metric_lines("goproxy_operator_api_calls_total")
    assert not [line for line in counted if 'code="403"' in line]
    assert "403" not in log
    assert "forbidden" not in log
    assert "Stalled" not in log
    assert "Refused" not in log
    assert "fault of the operator" not in log


@pytest.mark.usefixtures("installed", "nodes")
async def test_a_fleet_that_fails_keeps_no_other_waiting(
    control_plane: ControlPlane, api: aiohttp.ClientSession, namespace: str, tmp_path: Path
) -> None:
    async with Spoilt(control_plane, api, tmp_path, namespace) as spoilt:
        bad = spoilt.keys[0][1]

        async def fail(call: Call) -> web.Response | None:
            return refusal(500) if call.write and f"/{bad}" in call.path else None

        spoilt.proxy.before = fail
        before = len(spoilt.proxy.calls)
        for replicas in (3, 4, 5):
            for key in spoilt.keys:
                await spoilt.change(key, {"replicas": replicas})

            def others(wanted: int = replicas) -> bool:
                return all(spoilt.fleets.set_of(key)[1]["spec"]["replicas"] == wanted for key in spoilt.keys[1:])

            await eventually(others, "the others have what they ask for", 10)
        await asyncio.sleep(5)
        failed = [call for call in spoilt.proxy.calls[before:] if call.write and f"/{bad}" in call.path]
        print(f"{len(failed)} calls for the fleet that fails")
        assert len(failed) < 30
        assert spoilt.fleets.set_of(spoilt.keys[0])[1]["spec"]["replicas"] == 2
