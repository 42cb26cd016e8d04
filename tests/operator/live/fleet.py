"""One GoProxy in a test's namespace, as its user sees it through kubectl."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.operator.objects import document

Object = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """The object `team-a`."""

    kubectl: Kubectl
    name: str = "team-a"

    async def apply(self, **spec: Any) -> None:
        """What a user does. KubectlError with the API server's message when it refuses."""
        await self.kubectl("apply", "-f", "-", stdin=json.dumps(document(self.name, **spec)))

    async def get(self, kind: str = "goproxy", name: str | None = None) -> Object:
        """The object itself, or a child."""
        item: Object = json.loads(await self.kubectl("get", kind, name or self.name, "-o", "json"))
        return item

    async def status(self) -> Object:
        """Its status; empty before the first."""
        status: Object = (await self.get()).get("status", {})
        return status

    async def condition(self, kind: str) -> tuple[str, str, str] | None:
        """Status, reason and message of a condition."""
        for condition in (await self.status()).get("conditions", []):
            if condition["type"] == kind:
                return condition["status"], condition["reason"], condition["message"]
        return None

    async def wait_condition(self, kind: str, status: str, reason: str) -> str:
        """Wait for a condition, about the latest generation, and return its message."""
        seen: Object = {}

        async def holds() -> bool:
            nonlocal seen
            item = await self.get()
            for condition in item.get("status", {}).get("conditions", []):
                if condition["type"] == kind and condition["observedGeneration"] == item["metadata"]["generation"]:
                    seen = condition
                    return (condition["status"], condition["reason"]) == (status, reason)
            return False

        try:
            await eventually(holds, f"{kind} is {status} because of {reason}")
        except AssertionError as e:
            raise AssertionError(f"{e}; it is {seen}") from None
        return str(seen["message"])

    async def wait_events(self, reason: str, seconds: float = 30.0) -> list[Object]:
        """Wait for an Event of a reason about the object, and return all of them.

        The Events are sent once the status is written, and some only when what they tell has lasted.
        """
        found: list[Object] = []
        selector = f"involvedObject.kind=GoProxy,involvedObject.name={self.name},reason={reason}"

        async def told() -> bool:
            listed = json.loads(await self.kubectl("get", "events", f"--field-selector={selector}", "-o", "json"))
            found[:] = listed["items"]
            return bool(found)

        await eventually(told, f"{reason} is told by an Event", seconds)
        return found

    async def wait_ready(self, replicas: int, seconds: float = 30.0) -> None:
        """Wait until so many replicas are there and ready, and nothing is under way or in the way any more."""

        async def holds() -> bool:
            item = await self.get()
            status = item.get("status", {})
            kinds = {condition["type"]: condition["status"] for condition in status.get("conditions", [])}
            return (
                status.get("observedGeneration") == item["metadata"]["generation"]
                and (status.get("replicas"), status.get("readyReplicas")) == (replicas, replicas)
                and kinds.get("Ready") == "True"
                and not {"Reconciling", "Stalled"} & kinds.keys()
            )

        await eventually(holds, f"{replicas} replicas are ready", seconds)

    async def children(self) -> list[str]:
        """All that carries the fleet's label, but pods, as kind/name."""
        kinds = (
            "serviceaccounts,configmaps,services,statefulsets,poddisruptionbudgets,horizontalpodautoscalers,"
            "networkpolicies,ingresses"
        )
        found = await self.kubectl("get", kinds, "-l", f"goproxy-operator.dev/fleet={self.name}", "-o", "name")
        return sorted(found.split())
