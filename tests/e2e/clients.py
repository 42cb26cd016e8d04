"""Runs clients in a pod, which keep a fleet busy while a test does something to the fleet."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e import module_tree
from tests.e2e.pods import config_map, pod
from tests.e2e.space import Space
from tests.e2e.waiting import until

PROGRAM = Path(__file__).resolve().parent / "load.py"
CLIENTS = 8
WARM = 300  # requests before the test goes on: by then the caches are warm and connections are kept


class Clients:
    """While the context is open, clients ask a fleet for all modules of the project."""

    def __init__(self, space: Space, image: str, fleet: str, tree: Path, clients: int = CLIENTS) -> None:
        self._space = space
        self._name = f"clients-of-{fleet}-{clients}"
        files = {"load.py": PROGRAM.read_text(), "paths": "\n".join(module_tree.paths(tree))}
        command = ["python3", "load.py", f"http://{fleet}:8080", str(clients), "paths"]
        self._objects = (config_map(self._name, files), pod(self._name, image, command, self._name, {}))

    def __enter__(self) -> Self:
        self._space.apply(*self._objects)
        until(lambda: self._said()["asked"] >= WARM, "the clients are busy", seconds=90)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._space.kubectl("delete", "pod", self._name, "--wait=false")

    def asked(self) -> int:
        """How many requests were made so far. AssertionError if any of them failed."""
        said = self._said()
        assert not said["failures"], said
        count: int = said["asked"]
        return count

    def go_on(self, requests: int = 200) -> None:
        """Wait for so many more requests. AssertionError if any failed."""
        target = self.asked() + requests
        until(lambda: self.asked() >= target, f"{requests} more requests", seconds=60)

    def _said(self) -> dict[str, Any]:
        lines = self._space.kubectl("logs", self._name, "--tail=1").splitlines() if self._runs() else []
        assert lines, "the clients have said nothing yet"
        said: dict[str, Any] = json.loads(lines[-1])
        return said

    def _runs(self) -> bool:
        phase: str = self._space.get("pod", self._name)["status"].get("phase", "")
        return phase in ("Running", "Failed")
