"""The operator tells the autoscaler the request rate of its fleets: a real API server passes the requests on to it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.kubernetes import audit
from tests.kubernetes.certificates import Authority, KeyPair
from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.operator.live import external_metrics
from tests.operator.live.conftest import StartOperator
from tests.operator.live.external_metrics import API, NAME, NAMESPACE, Replicas
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER, OperatorProcess
from tests.operator.live.test_reports import pytestmark as needs_loopback
from tests.operator.live.test_scaling import Watched

AUTOSCALING = {"minReplicas": 1, "maxReplicas": 6, "targetRequestsPerSecond": 100, "provider": "Builtin"}
METRIC = "goproxy_requests_per_second"
pytestmark = needs_loopback


@pytest.fixture
def port(control_plane: ControlPlane, installed: object) -> Iterator[int]:
    """The port at which the API server looks for the operator's metrics."""
    (port,) = free_ports(1)
    documents = "\n---\n".join(map(json.dumps, external_metrics.registration(port)))
    control_plane.kubectl("apply", "-f", "-", stdin=documents)
    yield port
    external_metrics.remove(control_plane)


@pytest.fixture
async def serving(new_operator: StartOperator, port: int) -> AsyncIterator[OperatorProcess]:
    """An operator that leads and serves metrics."""
    arguments = ("--scrape-interval=500ms", f"--external-metrics=127.0.0.1:{port}")
    async with new_operator(*arguments) as process:
        await process.leading()
        yield process


@pytest.fixture
async def replicas(nodes: NodeStandIn) -> AsyncIterator[Replicas]:
    made = Replicas("127.71.9.1", 6)
    nodes.pod_ip = made.pod_ip
    async with made.serve():
        yield made


async def available(control_plane: ControlPlane) -> None:
    await asyncio.to_thread(
        control_plane.kubectl, "wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=30s"
    )


async def ask(
    control_plane: ControlPlane, namespace: str, query: str = "?labelSelector=goproxy-operator.dev/fleet=team-a"
) -> tuple[int, Any]:
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{namespace}/{METRIC}{query}"
    async with control_plane.session() as session, session.get(path) as response:
        return response.status, await response.json()


async def direct(control_plane: ControlPlane, port: int, certificate: KeyPair | None = None) -> tuple[int, Any]:
    """Ask the operator past the API server."""
    bundle = control_plane.kubectl("get", "apiservice", API, "-o", "jsonpath={.spec.caBundle}").stdout
    tls = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
    if certificate is not None:
        tls.load_cert_chain(certificate.certificate, certificate.key)
    url = f"https://localhost:{port}/apis/external.metrics.k8s.io/v1beta1"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, ssl=tls, server_hostname=f"{NAME}.{NAMESPACE}.svc") as response,
    ):
        return response.status, await response.json()


async def test_the_fleet_follows_its_request_rate_out_and_in(
    control_plane: ControlPlane, serving: OperatorProcess, replicas: Replicas, fleet: Fleet
) -> None:
    mark = control_plane.audit.mark()
    await available(control_plane)
    replicas.share(90, 1)
    await fleet.apply(autoscaling=AUTOSCALING)
    await fleet.wait_ready(1)
    await fleet.wait_condition("AutoscalingActive", "True", "ValidMetricFound")
    status, answer = await ask(control_plane, fleet.kubectl.namespace)
    assert (status, answer["kind"], answer["items"][0]["value"]) == (200, "ExternalMetricValueList", "90000m")

    async with Watched(control_plane, fleet.kubectl.namespace) as watched:
        replicas.share(300, 1)
        await fleet.wait_ready(3)
        replicas.share(590, 3)
        await fleet.wait_ready(6)
        # It may have asked some replicas before the load changed, and others after.
        assert watched.numbers == sorted(watched.numbers)
        seen = list(watched.numbers)

        # No data: nothing moves, and it is told.
        replicas.silent = set(replicas.addresses)
        await fleet.wait_condition("AutoscalingActive", "False", "FailedGetExternalMetric")
        status, answer = await ask(control_plane, fleet.kubectl.namespace)
        assert (status, answer["kind"], answer["reason"]) == (503, "Status", "ServiceUnavailable")
        assert answer["message"] == (
            f"{fleet.kubectl.namespace}/team-a: none of 6 replicas has answered on its admin port"
        )
        # Some data: what is missing is made up for, and that the rest has little is no reason to scale in.
        replicas.silent = set(replicas.addresses[:2])
        replicas.share(600, 6)
        await fleet.wait_condition("AutoscalingActive", "True", "ValidMetricFound")
        status, answer = await ask(control_plane, fleet.kubectl.namespace)
        assert answer["items"][0]["value"] == "600000m"
        assert watched.numbers == seen

        # The autoscaler waits ten minutes before it scales in; this one less long, while nobody puts it right.
        replicas.silent = set()
        replicas.share(150, 6)
        await fleet.apply(autoscaling=AUTOSCALING, suspend=True)
        await eventually(lambda: suspended(fleet), "the fleet is suspended")
        patience = {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}}}}
        await fleet.kubectl("patch", "hpa/team-a", "--patch", json.dumps(patience))
        await eventually(lambda: watched.numbers[-1] == 2, "two replicas are enough", 60)
        await fleet.apply(autoscaling=AUTOSCALING)
        await fleet.wait_ready(2)
    assert await serving.metric("goproxy_operator_external_metrics_available") == 1
    calls = audit.matching(control_plane.audit.since(mark), user=USER)
    assert [f"{call.verb} {call.uri}" for call in calls if call.code == 403] == []
    # Whom to trust is written once; the figures change nothing in the API server.
    assert len([call for call in calls if call.resource == "apiservices" and call.verb == "patch"]) <= 1


async def suspended(fleet: Fleet) -> bool:
    item = await fleet.get()
    return bool(item["status"]["observedGeneration"] == item["metadata"]["generation"])


async def test_who_asks_and_what(
    control_plane: ControlPlane, serving: OperatorProcess, port: int, replicas: Replicas, fleet: Fleet
) -> None:
    await available(control_plane)
    namespace = fleet.kubectl.namespace
    status, answer = await ask(control_plane, namespace)
    assert (status, answer["message"]) == (404, f"{namespace}/team-a: the fleet has no replica that runs")
    status, answer = await ask(control_plane, namespace, "")
    assert (status, answer["reason"]) == (400, "BadRequest")
    assert "write labelSelector=goproxy-operator.dev/fleet=NAME" in answer["message"]

    # Nobody but the API server's front proxy is answered.
    status, answer = await direct(control_plane, port)
    assert (status, answer["kind"], answer["reason"]) == (401, "Status", "Unauthorized")
    # Of the cluster's CA, not of the front proxy's: TLS itself refuses.
    with pytest.raises(aiohttp.ClientError):
        await direct(control_plane, port, control_plane.serving_certificate("front-proxy-client"))
    # Of the front proxy's CA, under another name.
    stranger = control_plane.front_proxy_certificate("somebody")
    status, answer = await direct(control_plane, port, stranger)
    assert (status, answer["reason"]) == (403, "Forbidden")
    assert "somebody" in answer["message"]
    assert (await direct(control_plane, port, control_plane.front_proxy_certificate("front-proxy-client")))[0] == 200


async def test_another_authority_of_the_front_proxy_is_taken_while_it_serves(
    control_plane: ControlPlane, serving: OperatorProcess, port: int, tmp_path: Path
) -> None:
    await available(control_plane)
    other = Authority(tmp_path, "other-front-proxy-ca")
    client = other.issue("client", "front-proxy-client")
    with pytest.raises(aiohttp.ClientError):
        await direct(control_plane, port, client)
    where = ("-n", "kube-system", "configmap/extension-apiserver-authentication")
    before = json.loads(control_plane.kubectl("get", *where, "-o", "json").stdout)["data"]
    both = before["requestheader-client-ca-file"] + other.file.read_text()

    def publish(authorities: str) -> None:
        patch = json.dumps({"data": {"requestheader-client-ca-file": authorities}})
        control_plane.kubectl("patch", *where, "--type=merge", "--patch", patch)

    async def taken() -> bool:
        try:
            return (await direct(control_plane, port, client))[0] == 200
        except aiohttp.ClientError:
            return False

    async def dropped() -> bool:
        return not await taken()

    try:
        publish(both)
        await eventually(taken, "the other authority is trusted too", 30)
        assert (await direct(control_plane, port, control_plane.front_proxy_certificate("front-proxy-client")))[
            0
        ] == 200
    finally:
        publish(before["requestheader-client-ca-file"])
    await eventually(dropped, "and no more", 30)


async def test_certificates_are_renewed_while_it_serves(
    control_plane: ControlPlane, serving: OperatorProcess, replicas: Replicas, fleet: Fleet
) -> None:
    await available(control_plane)
    replicas.share(90, 1)
    await fleet.apply(autoscaling=AUTOSCALING)
    await fleet.wait_condition("AutoscalingActive", "True", "ValidMetricFound")
    before = control_plane.kubectl("get", "apiservice", API, "-o", "jsonpath={.spec.caBundle}").stdout
    # As if somebody had emptied it: all is made anew, by whoever looks first.
    control_plane.kubectl(
        "patch", "-n", NAMESPACE, f"secret/{NAME}", "--type=json", '--patch=[{"op":"remove","path":"/data"}]'
    )

    async def renewed() -> bool:
        now = control_plane.kubectl("get", "apiservice", API, "-o", "jsonpath={.spec.caBundle}").stdout
        return bool(now) and now != before

    await eventually(renewed, "the API server is told the new certificates", 45)

    async def answers() -> bool:
        status, _ = await ask(control_plane, fleet.kubectl.namespace)
        return status == 200

    await eventually(answers, "they are served", 15)


async def test_what_belongs_to_another_is_left_alone(
    control_plane: ControlPlane, serving: OperatorProcess, nodes: NodeStandIn, fleet: Fleet
) -> None:
    await available(control_plane)
    theirs = {"spec": {"service": {"namespace": "keda", "name": "keda-operator-metrics-apiserver"}, "caBundle": ""}}
    control_plane.kubectl("patch", "apiservice", API, "--type=merge", "--patch", json.dumps(theirs))
    await fleet.apply(autoscaling=AUTOSCALING)
    message = await fleet.wait_condition("AutoscalingActive", "False", "BuiltinNotRegistered")
    assert "belongs to Service keda/keda-operator-metrics-apiserver, so it is left alone" in message
    assert "caBundle" not in (await fleet.get("apiservice", API))["spec"]
    await fleet.apply(autoscaling={key: value for key, value in AUTOSCALING.items() if key != "provider"})
    message = await fleet.wait_condition("AutoscalingActive", "False", "NoMetricsProvider")
    assert "install KEDA" in message
    await fleet.wait_ready(1)
    assert await serving.metric("goproxy_operator_external_metrics_available") == 0


async def test_who_does_not_lead_serves_too(
    control_plane: ControlPlane, new_operator: StartOperator, port: int, replicas: Replicas, fleet: Fleet
) -> None:
    async with new_operator("--scrape-interval=500ms") as leader:
        await leader.leading()
        async with new_operator(f"--external-metrics=127.0.0.1:{port}") as follower:
            await eventually(lambda: "new certificates" in follower.log, "the follower has made certificates")
            # Nobody tells the API server whom to trust: that is the leader's, and this one serves no metrics.
            data = json.loads(control_plane.kubectl("get", "-n", NAMESPACE, f"secret/{NAME}", "-o", "json").stdout)[
                "data"
            ]
            bundle = json.dumps({"spec": {"caBundle": data["ca.crt"]}})
            control_plane.kubectl("patch", "apiservice", API, "--type=merge", "--patch", bundle)
            replicas.share(90, 1)
            await fleet.apply(replicas=1)
            await fleet.wait_ready(1)
            await available(control_plane)
            assert (await ask(control_plane, fleet.kubectl.namespace))[0] == 200
            assert await follower.metric("goproxy_operator_leading") == 0
