"""How long each step of a client's first request took: name, TCP, TLS, first byte."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")


class Timings:
    """Notes when each step was passed. Each span is in seconds; None where the step was not reached, or is none.

    Only the first request counts: a redirect leads to another server.
    """

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    @property
    def dns(self) -> float | None:
        """The resolution of the name; None for an IP address."""
        return self._span("name", "resolved")

    @property
    def connect(self) -> float | None:
        """The connection by TCP."""
        return self._span("resolved" if "resolved" in self._at else "begun", "connected")

    @property
    def tls(self) -> float | None:
        """What came after TCP until the first request could be sent: TLS, and the CONNECT of an HTTP proxy."""
        return self._span("connected", "ready")

    @property
    def first_byte(self) -> float | None:
        """From the request to the head of the answer."""
        return self._span("sent", "answered")

    def _span(self, begin: str, end: str) -> float | None:
        if begin not in self._at or end not in self._at:
            return None
        return round(max(self._at[end] - self._at[begin], 0.0), 6)

    def _note(self, step: str) -> None:
        self._at.setdefault(step, time.monotonic())

    def connecting(self, factory: Callable[..., T]) -> Callable[..., T]:
        """Wrap the factory of protocols, which asyncio calls when TCP has connected, and before TLS begins."""

        def made(*args: Any, **more: Any) -> T:
            self._note("connected")
            return factory(*args, **more)

        return made

    def trace(self) -> aiohttp.TraceConfig:
        """Return what makes a client tell of its steps."""
        config = aiohttp.TraceConfig()

        def note(step: str) -> Callable[[aiohttp.ClientSession, SimpleNamespace, object], Any]:
            async def noted(session: aiohttp.ClientSession, context: SimpleNamespace, told: object) -> None:
                self._note(step)

            return noted

        config.on_connection_create_start.append(note("begun"))
        config.on_dns_resolvehost_start.append(note("name"))
        config.on_dns_resolvehost_end.append(note("resolved"))
        config.on_connection_create_end.append(note("ready"))
        config.on_request_headers_sent.append(note("sent"))
        config.on_request_end.append(note("answered"))
        return config
