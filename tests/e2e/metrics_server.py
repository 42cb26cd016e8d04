"""Runs in a pod: an external.metrics.k8s.io/v1beta1 with one value for all, until the operator serves that itself.

Arguments: the certificate, its key, and the file that holds the value; who writes that file sets the value.
"""

from __future__ import annotations

import json
import ssl
import sys
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GROUP = "external.metrics.k8s.io/v1beta1"
ROOT = f"/apis/{GROUP}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0].rstrip("/")
        if path == ROOT:
            resource = {
                "name": "*",
                "singularName": "",
                "namespaced": True,
                "kind": "ExternalMetricValueList",
                "verbs": ["get"],
            }
            self._answer(
                {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP, "resources": [resource]}
            )
        elif path.startswith(f"{ROOT}/namespaces/"):
            value = {
                "metricName": path.rsplit("/", 1)[1],
                "metricLabels": {},
                "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "value": Path(sys.argv[3]).read_text().strip(),
            }
            self._answer({"kind": "ExternalMetricValueList", "apiVersion": GROUP, "metadata": {}, "items": [value]})
        else:
            self.send_error(404)

    def _answer(self, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the HPA asks every few seconds."""


if __name__ == "__main__":
    Path(sys.argv[3]).write_text("0")
    server = ThreadingHTTPServer(("", 6443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
