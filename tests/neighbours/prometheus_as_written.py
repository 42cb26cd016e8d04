"""A real Prometheus with a configuration that another program wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.kubernetes.eventually import eventually
from tests.prometheus.server import Prometheus

Object = dict[str, Any]


class AsWritten(Prometheus):
    """A Prometheus with a configuration as it is."""

    def __init__(self, folder: Path, config: Object) -> None:
        super().__init__(folder, {})
        self._written = config

    def _config(self) -> Object:
        return self._written

    async def until_rules_are(self, health: str) -> int:
        """Wait until all rules have been evaluated to this end, and return how many there are."""
        found: list[str] = []

        async def all_are() -> bool:
            groups = (await self._get("/api/v1/rules"))["groups"]
            found[:] = [rule["health"] for group in groups for rule in group["rules"]]
            return bool(found) and set(found) == {health}

        await eventually(all_are, f"all rules are {health}", 60)
        return len(found)
