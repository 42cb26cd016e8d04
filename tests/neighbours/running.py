"""Runs a neighbour beside the tests' control plane: what it needs of it, and its process."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.kubernetes.component import Component
from tests.kubernetes.control_plane import ControlPlane


async def all_gone(plane: ControlPlane, kind: str) -> None:
    """Delete all objects of a kind while its controller runs, because the controller has to take its finalizer off."""
    command = ("delete", kind, "--all", "--all-namespaces", "--timeout=60s")
    await asyncio.to_thread(plane.kubectl, *command, seconds=90)


_LINES = 40
"""Of a log, for whoever reads why a test failed."""


@contextmanager
def definitions(plane: ControlPlane, files: Sequence[Path]) -> Iterator[None]:
    """The kinds that these files define are there meanwhile; with them go their objects."""
    assert files
    chosen = [argument for file in files for argument in ("-f", file)]
    plane.kubectl("apply", "--server-side", *chosen)
    try:
        plane.until_established(*chosen)
        yield
    finally:
        plane.kubectl("delete", "--ignore-not-found", *chosen, "--timeout=60s", seconds=90)


@asynccontextmanager
async def process(
    command: Sequence[str | Path],
    log: Path,
    port: int | None = None,
    path: str = "/",
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Path]:
    """The program runs meanwhile, and answers at 127.0.0.1:`port` if it has one. Yields its log."""
    # A component has a bare environment; env(1) adds to it.
    added = ["/usr/bin/env", *(f"{name}={value}" for name, value in (environment or {}).items())]
    component = Component([*added, *command], log, (lambda: _answers(port, path)) if port else (lambda: True))
    component.start()
    try:
        await asyncio.to_thread(component.wait_ready)
        yield log
    except BaseException:
        _show(log)
        raise
    finally:
        component.kill()


def _show(log: Path) -> None:
    """Pytest shows what is printed where a test fails."""
    print("\n".join(log.read_text(errors="replace").splitlines()[-_LINES:]))


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
