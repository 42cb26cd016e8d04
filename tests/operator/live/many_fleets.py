"""Very many GoProxy objects at once: made, awaited, changed; what it costs is read from the audit log."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.kubernetes import audit
from tests.kubernetes.watch import follow, stop
from tests.operator.live.operator_process import USER
from tests.operator.objects import document

Object = dict[str, Any]
Key = tuple[str, str]
_GOPROXIES = "/apis/goproxy-operator.dev/v1alpha1"
_AT_ONCE = 16


def fleet_keys(count: int, namespaces: int) -> list[Key]:
    """Namespace and name of so many fleets, spread over so many namespaces."""
    return [(f"crowd-{number % namespaces:03}", f"fleet-{number:04}") for number in range(count)]


class ManyFleets:
    """An asynchronous context manager that follows all fleets and their StatefulSets. `session` is an admin's."""

    def __init__(self, session: aiohttp.ClientSession, keys: Sequence[Key]) -> None:
        self._session = session
        self.keys = keys
        self._items: dict[Key, Object] = {}
        self._sets: dict[Key, tuple[float, Object]] = {}

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(follow(self._session, f"{_GOPROXIES}/goproxies", self._seen)),
            asyncio.create_task(follow(self._session, "/apis/apps/v1/statefulsets", self._set_seen)),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await stop(self._tasks)

    async def make_namespaces(self) -> None:
        """Make the namespaces, with the account that pods need."""
        for name in sorted({namespace for namespace, _ in self.keys}):
            await self._post("/api/v1/namespaces", {"metadata": {"name": name}})

    async def make(self) -> None:
        """Make all objects, as fast as the API server takes them."""
        waiting = list(self.keys)

        async def work() -> None:
            while waiting:
                namespace, name = waiting.pop()
                await self._post(f"{_GOPROXIES}/namespaces/{namespace}/goproxies", document(name))

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))

    async def change(self, key: Key, spec: Object) -> None:
        """Change an object's spec, by a merge patch."""
        namespace, name = key
        async with self._session.patch(
            f"{_GOPROXIES}/namespaces/{namespace}/goproxies/{name}",
            data=json.dumps({"spec": spec}),
            headers={"Content-Type": "application/merge-patch+json"},
        ) as response:
            response.raise_for_status()

    def unfinished(self) -> list[Key]:
        """Those whose children are not applied or whose status does not say so."""
        return [key for key in self.keys if key not in self._sets or not _is_told(self._items.get(key))]

    def not_settled(self) -> list[Key]:
        """Those that are not ready, or where something is under way."""
        return [key for key in self.keys if not _is_settled(self._items.get(key))]

    def set_of(self, key: Key) -> tuple[float, Object]:
        """A StatefulSet as it was last seen, and when that was, by time.monotonic."""
        return self._sets[key]

    async def _seen(self, item: Object) -> None:
        self._items[item["metadata"]["namespace"], item["metadata"]["name"]] = item

    async def _set_seen(self, item: Object) -> None:
        self._sets[item["metadata"]["namespace"], item["metadata"]["name"]] = time.monotonic(), item

    async def _post(self, path: str, item: Object) -> None:
        async with self._session.post(path, json=item) as response:
            if not response.ok:
                raise AssertionError(f"POST {path}: {response.status} {await response.text()}")


def writes_by_kind(calls: Iterable[audit.Call]) -> Counter[str]:
    """What the operator wrote, by verb, resource and subresource; not its Lease."""
    made = audit.matching(calls, user=USER, verbs=audit.WRITES)
    return Counter(
        f"{call.verb} {call.resource}{f'/{call.subresource}' if call.subresource else ''}"
        for call in made
        if call.resource != "leases"
    )


def _is_told(item: Object | None) -> bool:
    return item is not None and item.get("status", {}).get("observedGeneration") == item["metadata"]["generation"]


def _is_settled(item: Object | None) -> bool:
    if item is None or not _is_told(item):
        return False
    conditions = {condition["type"]: condition["status"] for condition in item["status"].get("conditions", ())}
    return (
        conditions.get("Ready") == "True"
        and conditions.get("ConfigSynced") == "True"
        and "Reconciling" not in conditions
    )
