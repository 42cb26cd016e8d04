"""How a fleet is exposed and watched, with a real API server: children that come, stay calm, and go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.conftest import OPTIONAL, Install, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess

HOST = "goproxy.example.com"
GATEWAY = {"host": HOST, "parentRef": {"name": "edge", "namespace": "infra"}}
TLS = {"secretName": "edge", "issuerRef": {"name": "corp-ca"}}


@pytest.fixture
async def operator(new_operator: StartOperator) -> AsyncIterator[OperatorProcess]:
    """It resyncs five times a second, and sees a new API within half a second."""
    async with AsyncExitStack() as stack:
        made = new_operator("--resync=200ms", "--scrape-interval=500ms", "--discovery-interval=500ms")
        process = await stack.enter_async_context(made)
        await process.leading()
        yield process


async def names_of(fleet: Fleet, kinds: str) -> list[str]:
    found = await fleet.kubectl("get", kinds, "-l", "goproxy-operator.dev/fleet=team-a", "-o", "name")
    return sorted(name.split(".")[0].split("/")[0] for name in found.split())


async def until_there(fleet: Fleet, kinds: str, expected: list[str]) -> None:
    async def there() -> bool:
        return await names_of(fleet, kinds) == expected

    await eventually(there, f"of {kinds} there are {expected}")


async def assert_calm(control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess) -> None:
    """Ten resyncs write nothing."""
    before = await operator.metric("goproxy_operator_reconcile_seconds_count")
    mark = control_plane.audit.mark()
    await asyncio.sleep(2.5)
    calls = audit.matching(
        control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=fleet.kubectl.namespace
    )
    assert [f"{call.verb} {call.resource} {call.name}" for call in calls] == []
    assert await operator.metric("goproxy_operator_reconcile_seconds_count") >= before + 5


@pytest.mark.usefixtures("nodes")
async def test_children_of_apis_come_when_those_are_installed(
    control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess, install: Install
) -> None:
    await fleet.apply(
        expose={"gateway": GATEWAY, "tls": TLS, "pathPrefix": "/go"},
        monitoring={"serviceMonitor": "Enabled", "labels": {"release": "stack"}, "dashboard": "Enabled"},
    )
    told = await fleet.wait_condition("Stalled", "True", "APIMissing")
    assert "spec.expose.gateway: this cluster serves no HTTPRoute" in told
    assert "spec.expose.tls.issuerRef: this cluster serves no Certificate of cert-manager.io/v1: install" in told
    assert "spec.monitoring.serviceMonitor: this cluster serves no ServiceMonitor" in told
    assert (await fleet.get("statefulset"))["spec"]["replicas"] == 2, "the rest is carried out"
    assert (await fleet.status())["endpoint"].startswith("https://team-a.")

    await install()
    await until_there(fleet, OPTIONAL, ["certificate", "httproute", "prometheusrule", "servicemonitor"])
    await fleet.wait_ready(2)
    assert (await fleet.condition("Stalled")) is None
    route = (await fleet.get("httproute"))["spec"]
    assert (route["hostnames"], route["rules"][0]["matches"][0]["path"]["value"]) == ([HOST], "/go")
    assert HOST in (await fleet.get("certificate"))["spec"]["dnsNames"]
    assert (await fleet.get("servicemonitor"))["metadata"]["labels"]["release"] == "stack"
    board = await fleet.get("configmap", "team-a-dashboard")
    assert all(json.loads(text)["panels"] for text in board["data"].values())
    policy = (await fleet.get("networkpolicy"))["spec"]
    assert len(policy["ingress"][1]["from"]) == 2, "Prometheus too"
    await assert_calm(control_plane, fleet, operator)

    await fleet.apply(monitoring={"serviceMonitor": "Disabled"})
    await until_there(fleet, OPTIONAL, [])
    await until_there(fleet, "configmaps", ["configmap"])
    await fleet.wait_ready(2)
    assert len((await fleet.get("networkpolicy"))["spec"]["ingress"][1]["from"]) == 1
    await assert_calm(control_plane, fleet, operator)


@pytest.mark.usefixtures("nodes")
async def test_a_child_of_an_optional_api_is_made_anew(
    fleet: Fleet, operator: OperatorProcess, install: Install
) -> None:
    await install()
    await fleet.apply(replicas=1)
    await until_there(fleet, OPTIONAL, ["prometheusrule", "servicemonitor"])
    before = (await fleet.get("servicemonitor"))["metadata"]["uid"]
    await fleet.kubectl("delete", "servicemonitor", "team-a")

    async def anew() -> bool:
        found = await fleet.kubectl("get", "servicemonitor", "team-a", "--ignore-not-found", "-o", "name")
        return bool(found) and (await fleet.get("servicemonitor"))["metadata"]["uid"] != before

    await eventually(anew, "the ServiceMonitor is made anew")
    assert "Traceback" not in operator.log


@pytest.mark.usefixtures("nodes")
async def test_an_ingress_a_load_balancer_and_a_policy(
    control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess
) -> None:
    await fleet.apply(
        replicas=1,
        expose={
            "ingress": {"host": HOST, "className": "nginx", "tlsSecretName": "edge", "annotations": {"a.b/c": "d"}},
            "service": {"type": "LoadBalancer", "loadBalancerClass": "example.com/a", "annotations": {"a.b/c": "d"}},
        },
        pod={"serviceAccountAnnotations": {"example.com/role": "reader"}},
    )
    await until_there(fleet, "networkpolicies,ingresses", ["ingress", "networkpolicy"])
    policy = (await fleet.get("networkpolicy"))["spec"]
    (allowed,) = policy["ingress"][1]["from"]
    assert allowed["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "goproxy-operator"}
    await fleet.wait_ready(1)
    assert (await fleet.get("service"))["spec"]["ports"][0]["nodePort"]
    assert (await fleet.get("serviceaccount"))["metadata"]["annotations"]["example.com/role"] == "reader"
    await assert_calm(control_plane, fleet, operator)

    await fleet.apply(replicas=1, pod={"serviceAccountName": "default"})
    await until_there(fleet, "networkpolicies,ingresses,serviceaccounts", ["networkpolicy"])
    service = await fleet.get("service")
    assert service["spec"]["type"] == "ClusterIP"
    assert "nodePort" not in service["spec"]["ports"][0]
    assert "a.b/c" not in service["metadata"]["annotations"]
    assert (await fleet.get("statefulset"))["spec"]["template"]["spec"]["serviceAccountName"] == "default"
    await fleet.wait_ready(1)
    await assert_calm(control_plane, fleet, operator)


AFFINITY: dict[str, Any] = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["slow"]}]}]
        }
    },
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 10,
                "podAffinityTerm": {"labelSelector": {}, "namespaces": [], "topologyKey": "kubernetes.io/hostname"},
            }
        ]
    },
}


@pytest.mark.usefixtures("nodes")
async def test_affinity_is_passed_on_and_what_no_pod_may_have_is_told(
    control_plane: ControlPlane, fleet: Fleet, operator: OperatorProcess
) -> None:
    await fleet.apply(replicas=1, pod={"affinity": AFFINITY})
    await fleet.wait_ready(1)
    template = (await fleet.get("statefulset"))["spec"]["template"]["spec"]
    assert template["affinity"]["nodeAffinity"] == AFFINITY["nodeAffinity"]
    await assert_calm(control_plane, fleet, operator)
    nothing = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "disk", "operator": "In"}]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": nothing}
    await fleet.apply(replicas=1, pod={"affinity": {"nodeAffinity": required}})
    told = await fleet.wait_condition("Stalled", "True", "Refused")
    assert "must be specified when `operator` is 'In' or 'NotIn'" in told


async def test_a_policy_of_another_is_left_alone(fleet: Fleet, operator: OperatorProcess) -> None:
    foreign = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "team-a"},
        "spec": {"podSelector": {}},
    }
    await fleet.kubectl("apply", "-f", "-", stdin=json.dumps(foreign))
    await fleet.apply(replicas=0)
    told = await fleet.wait_condition("Stalled", "True", "NameConflict")
    assert "NetworkPolicy team-a exists and does not belong to this GoProxy" in told
    assert (await fleet.get("networkpolicy"))["spec"]["podSelector"] == {}
    assert "Traceback" not in operator.log
