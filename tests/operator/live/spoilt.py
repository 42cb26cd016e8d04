"""Fleets whose operator reaches the API server through a proxy that spoils what it says; their users do not."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.kubernetes.api_proxy import ApiProxy
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.many_fleets import Key, ManyFleets
from tests.operator.live.operator_process import OperatorProcess

Object = dict[str, Any]
CALM_SECONDS = 5.0


class Spoilt:
    """An asynchronous context manager: so many fleets in a namespace, all as they should be, and their operator."""

    def __init__(
        self, plane: ControlPlane, session: aiohttp.ClientSession, folder: Path, namespace: str, fleets: int = 5
    ) -> None:
        self.plane = plane
        self.keys: Sequence[Key] = [(namespace, f"fleet-{number}") for number in range(fleets)]
        self.proxy = ApiProxy(plane)
        self.fleets = ManyFleets(session, self.keys)
        self._session = session
        self._folder = folder
        self._namespace = namespace

    async def __aenter__(self) -> Self:
        await self.proxy.__aenter__()
        token = await asyncio.to_thread(self.plane.service_account_token, "goproxy-operator", "goproxy-operator")
        self.operator = OperatorProcess(
            self.proxy.kubeconfig(self._folder / "proxy.kubeconfig", token),
            self._folder / "operator.log",
            f"--namespace={self._namespace}",
            "--scrape-interval=1h",
        )
        await self.fleets.__aenter__()
        await self.operator.__aenter__()
        await self.operator.leading()
        await self.fleets.make()
        await self.converged(2)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.proxy.join()
        await self.operator.__aexit__(kind, error, at)
        await self.fleets.__aexit__(kind, error, at)
        await self.proxy.__aexit__(kind, error, at)

    async def change(self, key: Key, spec: Object) -> None:
        """Change an object, however often that has to be tried."""
        await self.insist("patch", f"/apis/goproxy-operator.dev/v1alpha1/namespaces/{key[0]}/goproxies/{key[1]}", spec)

    async def insist(self, method: str, path: str, spec: Object | None = None) -> None:
        """Make a call as an admin, until the API server takes it."""
        async with asyncio.timeout(60):
            while True:
                try:
                    async with self._session.request(
                        method,
                        path,
                        data=None if spec is None else json.dumps({"spec": spec}),
                        headers={"Content-Type": "application/merge-patch+json"},
                    ) as response:
                        response.raise_for_status()
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)

    async def load(self) -> None:
        """Change one object after the other until cancelled."""
        turn = 0
        while True:
            wanted = "Delete" if turn // len(self.keys) % 2 else "Retain"
            await self.change(self.keys[turn % len(self.keys)], {"cache": {"storage": {"whenDeleted": wanted}}})
            await asyncio.sleep(0.2)
            turn += 1

    async def ask_for(self, replicas: int) -> None:
        """Ask for so many replicas of each fleet; delete a child of the first by hand, and edit one of the second."""
        for key in self.keys:
            await self.change(key, {"replicas": replicas})
        first, second = self.keys[:2]
        await self.insist("delete", f"/api/v1/namespaces/{first[0]}/services/{first[1]}")
        await self.insist("patch", f"/apis/apps/v1/namespaces/{second[0]}/statefulsets/{second[1]}", {"replicas": 0})

    async def converged(self, replicas: int, seconds: float = 60.0) -> None:
        """Wait until all fleets have what they ask for, and say so."""

        def holds() -> bool:
            return not self.fleets.unfinished() and all(
                self.fleets.set_of(key)[1]["spec"]["replicas"] == replicas for key in self.keys
            )

        async def served() -> bool:
            namespace, name = self.keys[0]
            async with self._session.get(f"/api/v1/namespaces/{namespace}/services/{name}") as response:
                return response.status == 200

        await eventually(holds, f"each StatefulSet has {replicas} replicas", seconds)
        await eventually(served, "the Service is back", seconds)

    async def calm(self) -> Counter[str]:
        """Wait until nothing is told or tried any more; count the calls of a while then, by method and kind."""
        calls: Counter[str] = Counter()
        for _ in range(5):
            before = len(self.proxy.calls)
            await asyncio.sleep(CALM_SECONDS)
            calls = Counter(
                f"{call.method} {'watch ' if call.is_watch else ''}{call.path.partition('?')[0].rpartition('/')[2]}"
                for call in self.proxy.calls[before:]
            )
            if calls.total() < len(self.keys):
                break
        return calls
