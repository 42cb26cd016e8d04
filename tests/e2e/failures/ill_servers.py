"""Servers that answer as upstreams and HTTP proxies with a trouble do; only the cluster's pods reach the address."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kubernetes.certificates import Authority

SLOW = 20.0  # seconds until the slow one answers


class IllServers:
    """One server over HTTP, which answers by the path, and one over HTTPS with an unknown authority."""

    def __init__(self, address: str, folder: Path) -> None:
        self._plain = ThreadingHTTPServer((address, 0), _Handler)
        self._secure = ThreadingHTTPServer((address, 0), _Handler)
        pair = Authority(folder, "unknown").issue("server", "server", hosts=[address])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._secure.socket = context.wrap_socket(self._secure.socket, server_side=True)
        self.other_authority = Authority(folder, "other").file.read_text()
        self._address = address

    @property
    def url(self) -> str:
        """The one over HTTP: `/401` refuses every login, `/500` fails, `/slow` does not answer in time."""
        return f"http://{self._address}:{self._plain.server_address[1]}"

    @property
    def secure_url(self) -> str:
        """The one over HTTPS."""
        return f"https://{self._address}:{self._secure.server_address[1]}"

    def __enter__(self) -> Self:
        for server in (self._plain, self._secure):
            threading.Thread(target=server.serve_forever, name="ill server", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in (self._plain, self._secure):
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer as the path says; a request that a proxy gets names the whole URL."""
        if "://" in self.path:
            status = 407
        elif self.path.startswith("/401"):
            status = 401
        else:
            status = 500
        if self.path.startswith("/slow"):
            time.sleep(SLOW)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if status in (401, 407):
            self.send_header("WWW-Authenticate" if status == 401 else "Proxy-Authenticate", 'Basic realm="ill"')
        self.end_headers()

    def do_CONNECT(self) -> None:
        """Refuse to be a way to anything without a login."""
        self.send_error(407)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
