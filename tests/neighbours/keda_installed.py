"""KEDA beside the tests' control plane: its operator, and its adapter as the API server's external metrics."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.kubernetes.component import free_ports
from tests.kubernetes.control_plane import ControlPlane
from tests.neighbours import programs
from tests.neighbours.running import all_gone, definitions, process

Object = dict[str, Any]
API = "v1beta1.external.metrics.k8s.io"
_MODULE = "github.com/kedacore/keda/v2"
_SERVICE = "keda-metrics-apiserver"


@asynccontextmanager
async def installed(plane: ControlPlane, namespace: str, folder: Path) -> AsyncIterator[None]:
    """Both of its programs run, with their definitions, and the API server passes requests on to the adapter."""
    built = programs.keda()
    certificates = folder / "keda-certificates"
    certificates.mkdir()
    # KEDA makes such a pair for both of its programs, where --enable-cert-rotation is not off.
    pair = plane.serving_certificate("keda-operator", f"{_SERVICE}.{namespace}.svc", "127.0.0.1")
    for name, file in (("tls.crt", pair.certificate), ("tls.key", pair.key), ("ca.crt", plane.ca_file)):
        shutil.copy(file, certificates / name)
    metrics, health, figures, serving, metrics_of_adapter = free_ports(5)
    environment = {
        "KUBECONFIG": str(plane.kubeconfig),
        "POD_NAMESPACE": namespace,
        "KEDA_CLUSTER_OBJECT_NAMESPACE": namespace,
        "WATCH_NAMESPACE": "",
    }
    operator: list[str | Path] = [
        built / "operator",
        "--leader-elect=false",
        "--enable-cert-rotation=false",
        f"--cert-dir={certificates}",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--health-probe-bind-address=127.0.0.1:{health}",
        f"--metrics-service-bind-address=127.0.0.1:{figures}",
    ]
    adapter: list[str | Path] = [
        built / "adapter",
        "--bind-address=127.0.0.1",
        f"--secure-port={serving}",
        f"--port={metrics_of_adapter}",
        f"--metrics-service-address=127.0.0.1:{figures}",
        f"--cert-dir={certificates}",
        f"--client-ca-file={certificates}/ca.crt",
        f"--tls-cert-file={certificates}/tls.crt",
        f"--tls-private-key-file={certificates}/tls.key",
        *(f"--{what}-kubeconfig={plane.kubeconfig}" for what in ("authentication", "authorization", "lister")),
    ]
    files = programs.manifests("keda", _MODULE, "config/crd/bases")
    with definitions(plane, files):
        async with (
            process(operator, folder / "keda.log", health, "/healthz", environment),
            process(adapter, folder / "keda-adapter.log", metrics_of_adapter, "/metrics", environment),
        ):
            with _registered(plane, namespace, serving):
                await asyncio.to_thread(
                    plane.kubectl, "wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=30s"
                )
                yield
            await all_gone(plane, "scaledobjects")


@contextmanager
def _registered(plane: ControlPlane, namespace: str, port: int) -> Iterator[None]:
    """KEDA's own manifests of its adapter, but for the Service: the API server reaches it at `port` of this machine."""
    items = [
        item
        for file in programs.manifests("keda", _MODULE, "config/metrics-server")
        for item in yaml.safe_load_all(file.read_text())
        if item and item["kind"] in ("APIService", "ClusterRole", "ClusterRoleBinding", "Service")
    ]
    for item in items:
        if item["kind"] == "Service":
            item["metadata"]["namespace"] = namespace
            item["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        if item["kind"] == "APIService":
            item["spec"]["service"] |= {"namespace": namespace, "port": port}
            item["spec"]["caBundle"] = base64.b64encode(plane.ca_file.read_bytes()).decode()
    assert {item["kind"] for item in items} == {"APIService", "ClusterRole", "ClusterRoleBinding", "Service"}
    written = "\n---\n".join(map(json.dumps, items))
    plane.kubectl("apply", "-f", "-", stdin=written)
    try:
        yield
    finally:
        # Without its server it would keep the namespaces of all tests from going.
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=written)
