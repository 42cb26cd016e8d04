"""Sends what is told to a collector, by OTLP over HTTP, in a thread. A collector that is slow or away slows no request.

It is imported only where tracing is configured. `requests` reads no environment and no `.netrc` here, so neither a
proxy's login nor any other one reaches the collector.
"""

import io
import logging
import time
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from modproxy.tracing.spans import resource_of, spans_of
from modproxy.tracing.told import ToldRequest

_PATH = "/v1/traces"
"""Source: OTLP 1.x, "OTLP/HTTP Request"."""
_SECONDS = 2.0
"""How long a collector may take for a batch, with all that is tried again. The end of the replica waits no longer."""
_ANSWER_BYTES = 16 << 10
"""Of an answer: what a collector says is of no use here. A short one is read, so that the connection stays in use."""


class _Bounded(HTTPAdapter):  # type: ignore[misc]  # the library has no types
    """Reads so much of an answer, for so long, and no more. The library reads all that a collector sends."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request, and return its answer without a body."""
        response = super().send(request, *arguments, **{**options, "stream": True})
        until, left = time.monotonic() + _SECONDS, _ANSWER_BYTES
        try:
            while piece := response.raw.read1(left, decode_content=False):
                left -= len(piece)
                if left <= 0 or time.monotonic() > until:
                    response.close()
                    break
        except (OSError, HTTPError):  # it was taken, or refused, all the same
            response.close()
        response.raw = io.BytesIO()
        return response


class Sender:
    """Sends batches to one collector. Its methods block."""

    def __init__(self, endpoint: str, resource: dict[str, str]) -> None:
        # The library writes a line, with a traceback, for each batch that fails; we tell it once in a while.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        base = endpoint.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Bounded())
        self._resource = resource_of(resource)
        self._exporter = OTLPSpanExporter(
            endpoint=base if base.endswith(_PATH) else base + _PATH,
            headers={"User-Agent": "modproxy"},
            timeout=_SECONDS,
            compression=Compression.Gzip,
            session=self._session,
        )

    def send(self, batch: list[ToldRequest]) -> bool:
        """Send requests. Returns whether the collector has taken them. Raises what an unexpected fault raises."""
        spans = [span for told in batch for span in spans_of(told, self._resource)]
        return self._exporter.export(spans) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """End a batch that is tried again, and close the connections."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library has no annotation there
        self._session.close()
