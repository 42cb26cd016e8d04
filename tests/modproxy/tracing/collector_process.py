"""A real collector of OpenTelemetry, built from its libraries, that writes what it gets to a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kubernetes import go_build
from tests.kubernetes.certificates import KeyPair
from tests.kubernetes.go_build import GoBuild

_MODULE = Path(__file__).parent / "collector"
_PATIENCE = 30.0
"""Seconds. A span is there within one, unless the machine is very busy."""


def program() -> Path:
    """The collector. Raises BuildError."""
    sources = (_MODULE / "main.go",)
    built = GoBuild("otel-collector", "the OpenTelemetry collector", _MODULE, (".",), sources)
    return go_build.ensure(built) / "collector"


@dataclass(frozen=True)
class Span:
    """A span as the collector has written it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    began: int
    ended: int
    failed: bool
    attributes: dict[str, str]
    resource: dict[str, str]

    @property
    def is_server(self) -> bool:
        return self.kind == 2


class Collector:
    """Runs the collector on a port of loopback, with TLS as localhost where it has a certificate. Use it as a context
    manager.
    """

    def __init__(self, folder: Path, certificate: KeyPair | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "spans.jsonl"
        self._log = folder / "collector.log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if certificate else f"http://127.0.0.1:{self.port}"
        self._certificate = certificate
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        built = await asyncio.to_thread(program)
        listener: dict[str, Any] = {"endpoint": f"127.0.0.1:{self.port}"}
        if pair := self._certificate:
            listener["tls"] = {"cert_file": str(pair.certificate), "key_file": str(pair.key)}
        config = {
            "receivers": {"otlp": {"protocols": {"http": listener}}},
            "exporters": {"file": {"path": str(self.file), "flush_interval": "100ms"}},
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}},
            },
        }
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                built, "--config", f"yaml:{json.dumps(config)}", stdout=log, stderr=log
            )
        async with asyncio.timeout(_PATIENCE):
            while not await self._answers():
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.05)
        return self

    async def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    def spans(self) -> list[Span]:
        """Return what has been written so far."""
        if not self.file.exists():
            return []
        whole = [line for line in self.file.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [span for line in whole for span in _spans_of(json.loads(line))]

    async def until(self, found: Callable[[list[Span]], bool]) -> list[Span]:
        """Wait until the spans are as they should be, and return them."""
        async with asyncio.timeout(_PATIENCE):
            while not found(spans := self.spans()):
                await asyncio.sleep(0.1)
        return spans


def _spans_of(document: dict[str, Any]) -> list[Span]:
    return [
        Span(
            span["traceId"],
            span["spanId"],
            span.get("parentSpanId", ""),
            span["name"],
            span["kind"],
            int(span["startTimeUnixNano"]),
            int(span["endTimeUnixNano"]),
            span.get("status", {}).get("code") == 2,
            _texts(span.get("attributes", [])),
            _texts(resource["resource"].get("attributes", [])),
        )
        for resource in document["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _texts(attributes: list[dict[str, Any]]) -> dict[str, str]:
    return {one["key"]: str(next(iter(one["value"].values()))) for one in attributes}
