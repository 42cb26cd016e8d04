"""Tests the harness itself: does it behave as a cluster does, and can its figures be believed?"""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ADMIN, ControlPlane, KubectlError
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.kubernetes.sample_objects import autoscaler, ready_replicas, stateful_set
from tests.kubernetes.watch import Object, follow


async def test_a_stateful_set_gets_pods_and_claims(nodes: NodeStandIn, kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", stdin=stateful_set(2))
    await ready_replicas(kubectl, 2)
    assert await kubectl("get", "pvc", "-o", "jsonpath={.items[*].status.phase}") == "Bound Bound"

    await kubectl("patch", "pvc", "cache-web-0", "-p", '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}')
    await kubectl("wait", "--for=jsonpath={.status.capacity.storage}=2Gi", "pvc/cache-web-0", "--timeout=30s")

    volume = await kubectl("get", "pvc", "cache-web-1", "-o", "jsonpath={.spec.volumeName}")
    await kubectl("delete", "statefulset", "web", "--timeout=30s")
    await kubectl("delete", "pvc", "cache-web-1", "--timeout=30s")
    await kubectl("wait", "--for=delete", f"pv/{volume}", "--timeout=30s")


async def test_pods_have_the_address_and_the_readiness_that_a_test_says(nodes: NodeStandIn, kubectl: Kubectl) -> None:
    nodes.pod_ip = lambda pod: f"127.0.0.{10 + int(pod['metadata']['name'].removeprefix('web-'))}"
    await nodes.set_ready(lambda pod: pod["metadata"]["name"] == "web-1")
    await kubectl("apply", "-f", "-", stdin=stateful_set(2))
    await ready_replicas(kubectl, 1)
    await kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod/web-0", "--timeout=30s")
    assert await kubectl("get", "pods", "-o", "jsonpath={.items[*].status.podIP}") == "127.0.0.10 127.0.0.11"

    await nodes.set_ready(lambda pod: True)
    await ready_replicas(kubectl, 2)
    await nodes.set_ready(lambda pod: False)
    await kubectl("wait", "--for=condition=Ready=false", "pod/web-0", "pod/web-1", "--timeout=30s")


async def test_the_audit_log_counts_exactly(
    control_plane: ControlPlane, namespace: str, api: aiohttp.ClientSession, kubectl: Kubectl
) -> None:
    await kubectl("create", "serviceaccount", "operator")
    await kubectl("create", "rolebinding", "operator", "--clusterrole=edit", f"--serviceaccount={namespace}:operator")
    operator = f"system:serviceaccount:{namespace}:operator"
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    async def create(session: aiohttp.ClientSession, name: str) -> int:
        async with session.post(path, json={"metadata": {"name": name}}) as response:
            return response.status

    async def granted() -> bool:
        return await create(session, "first") == 201

    token = await asyncio.to_thread(control_plane.service_account_token, namespace, "operator")
    async with control_plane.session(token) as session:
        await eventually(granted, "the new role binding is obeyed")
        for _ in range(20):
            mark = control_plane.audit.mark()
            names = [f"map-{mark.calls}-{number}" for number in range(5)]
            await asyncio.gather(*(create(session, name) for name in names), create(api, f"{names[0]}-admin"))
            assert await create(session, names[0]) == 409
            await (await session.get(path)).read()

            calls = audit.matching(control_plane.audit.since(mark), user=operator)
            assert len(audit.matching(calls, verbs=audit.WRITES, resource="configmaps", namespace=namespace)) == 6
            assert [(call.code, call.verb) for call in calls].count((409, "create")) == 1
            assert len(audit.matching(calls, verbs="list")) == 1
            assert len(calls) == 7

    idle = control_plane.audit.mark()
    assert audit.matching(control_plane.audit.since(idle), user=ADMIN) == []


async def test_a_restart_of_the_api_server_is_survived(
    control_plane: ControlPlane, nodes: NodeStandIn, kubectl: Kubectl
) -> None:
    await kubectl("apply", "-f", "-", stdin=stateful_set(1))
    await ready_replicas(kubectl, 1)
    mark = control_plane.audit.mark()

    await asyncio.to_thread(control_plane.restart_apiserver)

    await kubectl("scale", "statefulset/web", "--replicas=2")
    await ready_replicas(kubectl, 2)
    scaled = audit.matching(control_plane.audit.since(mark), user=ADMIN, verbs=audit.WRITES, subresource="scale")
    assert len(scaled) == 1


async def test_what_goes_while_a_watch_is_broken_is_told(
    control_plane: ControlPlane, namespace: str, api: aiohttp.ClientSession
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    reached, go_on, told = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def seen(item: Object) -> None:
        if item["metadata"]["name"] == "second":
            reached.set()
            await go_on.wait()

    async def gone(item: Object) -> None:
        assert item["metadata"]["name"] == "first"
        told.set()

    following = asyncio.create_task(follow(api, path, seen, gone))
    for name in ("first", "second"):
        (await api.post(path, json={"metadata": {"name": name}})).raise_for_status()
    await reached.wait()
    await asyncio.to_thread(control_plane.restart_apiserver)
    (await api.delete(f"{path}/first")).raise_for_status()
    go_on.set()
    await told.wait()
    following.cancel()
    await asyncio.wait([following])


async def test_a_paused_api_server_does_not_answer(control_plane: ControlPlane, api: aiohttp.ClientSession) -> None:
    control_plane.apiserver.pause()
    try:
        with pytest.raises(TimeoutError):
            await api.get("/version", timeout=aiohttp.ClientTimeout(0.2))
    finally:
        control_plane.apiserver.resume()
    async with api.get("/version") as response:
        assert (await response.json())["gitVersion"].startswith("v1.35.")


async def test_rbac_refuses_what_is_not_granted(control_plane: ControlPlane, namespace: str, kubectl: Kubectl) -> None:
    async def may_list_config_maps(kubeconfig: Path) -> bool:
        try:
            await kubectl("get", "configmaps", kubeconfig=kubeconfig)
        except KubectlError:
            return False
        return True

    await kubectl("create", "serviceaccount", "operator")
    await kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps")
    await kubectl("create", "rolebinding", "operator", "--role=reader", f"--serviceaccount={namespace}:operator")
    operator = await asyncio.to_thread(control_plane.service_account_kubeconfig, namespace, "operator")
    await eventually(lambda: may_list_config_maps(operator), "the operator may list ConfigMaps")
    with pytest.raises(KubectlError, match=rf'"system:serviceaccount:{namespace}:operator" cannot list .* "secrets"'):
        await kubectl("get", "secrets", kubeconfig=operator)

    jane = control_plane.user_kubeconfig("jane", ["developers"])
    with pytest.raises(KubectlError, match='User "jane" cannot list resource "configmaps"'):
        await kubectl("get", "configmaps", kubeconfig=jane)
    await kubectl("create", "rolebinding", "developers", "--role=reader", "--group=developers")
    await eventually(lambda: may_list_config_maps(jane), "a developer may list ConfigMaps")


async def test_an_autoscaler_scales_a_stateful_set(nodes: NodeStandIn, kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", stdin=stateful_set(1))
    await kubectl("apply", "-f", "-", stdin=autoscaler(minReplicas=2, maxReplicas=3))
    await ready_replicas(kubectl, 2)
