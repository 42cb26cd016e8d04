"""Sends what is told to a collector, by OTLP over HTTP, in a thread. A collector that is slow or away slows no request.

It is imported only where tracing is configured. `requests` reads no environment and no `.netrc` here, so neither a
proxy's login nor any other one reaches the collector.
"""

import logging
from pathlib import Path

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from modproxy.tracing.collector import CollectorAdapter
from modproxy.tracing.spans import resource_of, spans_of
from modproxy.tracing.told import ToldRequest

_PATH = "/v1/traces"
"""Source: OTLP 1.x, "OTLP/HTTP Request"."""
_SECONDS = 2.0
"""How long a collector may take for a batch, with all that is tried again. The end of the replica waits no longer."""


class Sender:
    """Sends batches to one collector. Its methods block. `ca_file` has authorities beside the machine's own."""

    def __init__(self, endpoint: str, resource: dict[str, str], ca_file: Path | None) -> None:
        # The library writes a line, with a traceback, for each batch that fails; we tell it once in a while.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        base = endpoint.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0
        self._adapter = CollectorAdapter(ca_file)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)
        self._resource = resource_of(resource)
        self._exporter = OTLPSpanExporter(
            endpoint=base if base.endswith(_PATH) else base + _PATH,
            headers={"User-Agent": "modproxy"},
            timeout=_SECONDS,
            compression=Compression.Gzip,
            session=self._session,
        )

    def send(self, batch: list[ToldRequest]) -> str | None:
        """Send requests. Returns why the collector has not taken them, in words that go on from its URL; None where it
        has. Raises what an unexpected fault raises.
        """
        spans = [span for told in batch for span in spans_of(told, self._resource)]
        if self._exporter.export(spans) is SpanExportResult.SUCCESS:
            return None
        return self._adapter.failure or "takes nothing"

    def close(self) -> None:
        """End a batch that is tried again, and close the connections."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library has no annotation there
        self._session.close()
