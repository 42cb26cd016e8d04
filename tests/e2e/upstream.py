"""Serves an upstream module proxy on this machine, at an address that only the cluster's pods reach."""

from __future__ import annotations

import threading
from collections import Counter
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self


class Upstream:
    """Serves a GOPROXY tree. `cut` makes it answer 503 to all; `asked` counts requests by path."""

    def __init__(self, address: str, tree: Path) -> None:
        self.cut = False
        self.asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer((address, 0), partial(_Handler, self, directory=str(tree)))
        self._thread = threading.Thread(target=self._server.serve_forever, name="upstream", daemon=True)

    @property
    def url(self) -> str:
        """What GOPROXY names."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Let nothing listen any more: connections are refused."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, upstream: Upstream, *arguments: object, directory: str) -> None:
        self._upstream = upstream
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]  # passed on as they came

    def do_GET(self) -> None:
        """Answer with the file, unless cut."""
        self._upstream.asked[self.path] += 1
        if self._upstream.cut:
            self.send_error(503, "cut by the test")
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing: `asked` has it."""
