"""An aggregated API through the harness: the autoscaler gets its metric from a server of ours."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from tests.kubernetes.certificates import KeyPair
from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.control_plane_commands import FRONT_PROXY
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.kubernetes.sample_objects import autoscaler, ready_replicas, stateful_set


@asynccontextmanager
async def external_metrics(certificate: KeyPair, authority: str, port: int, value: str) -> AsyncIterator[None]:
    """Serves the metric `rate` for the API server alone, which proves itself with the front proxy's certificate."""
    version = "external.metrics.k8s.io/v1beta1"

    def check(request: web.Request) -> None:
        assert request.transport is not None
        subject = dict(pair[0] for pair in request.transport.get_extra_info("peercert")["subject"])
        assert subject["commonName"] == FRONT_PROXY

    async def discovery(request: web.Request) -> web.Response:
        check(request)
        resource = {"name": "rate", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
        return web.json_response({"kind": "APIResourceList", "groupVersion": version, "resources": [resource]})

    async def metric(request: web.Request) -> web.Response:
        check(request)
        item = {"metricName": "rate", "timestamp": datetime.now(UTC).isoformat(), "value": value}
        return web.json_response({"kind": "ExternalMetricValueList", "apiVersion": version, "items": [item]})

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(certificate.certificate, certificate.key)
    app = web.Application()
    app.add_routes(
        [web.get(f"/apis/{version}", discovery), web.get(f"/apis/{version}/namespaces/{{namespace}}/rate", metric)]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_an_aggregated_api_gives_the_autoscaler_its_metric(
    control_plane: ControlPlane, namespace: str, nodes: NodeStandIn, kubectl: Kubectl
) -> None:
    (port,) = free_ports(1)
    await kubectl("create", "service", "externalname", "metrics", "--external-name=localhost")
    api_service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": "v1beta1.external.metrics.k8s.io"},
        "spec": {
            "group": "external.metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"namespace": namespace, "name": "metrics", "port": port},
            "caBundle": base64.b64encode(control_plane.ca_file.read_bytes()).decode(),
        },
    }
    rate = {
        "type": "External",
        "external": {"metric": {"name": "rate"}, "target": {"type": "AverageValue", "averageValue": "100"}},
    }
    # The API server connects to localhost, but expects the certificate of the Service.
    certificate = control_plane.serving_certificate(f"metrics.{namespace}.svc")
    # A server in a cluster learns in the same way whom to trust.
    trust = ("--namespace=kube-system", "get", "configmap", "extension-apiserver-authentication")
    authority = await kubectl(*trust, "-o", r"jsonpath={.data.requestheader-client-ca-file}")
    async with external_metrics(certificate, authority, port, "300"):
        await kubectl("apply", "-f", "-", stdin=json.dumps(api_service))
        try:
            await kubectl(
                "wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io", "--timeout=30s"
            )
            await kubectl("apply", "-f", "-", stdin=stateful_set(1))
            await kubectl("apply", "-f", "-", stdin=autoscaler(minReplicas=1, maxReplicas=5, metrics=[rate]))
            await ready_replicas(kubectl, 3)
        finally:
            # An APIService without its server would keep every namespace of the other tests from being deleted.
            await kubectl("delete", "apiservice", "v1beta1.external.metrics.k8s.io")
