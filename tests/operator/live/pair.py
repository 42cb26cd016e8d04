"""Two operators, each behind a proxy of its own, that take over from each other while users change their fleets."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from tests.kubernetes.api_proxy import ApiProxy
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.operator.live.many_fleets import Key, ManyFleets
from tests.operator.live.operator_process import OperatorProcess

_LEADING = "goproxy_operator_leading"
WAYS = ("kill", "term", "part", "freeze")


@dataclass
class Side:
    """One of the two."""

    proxy: ApiProxy
    operator: OperatorProcess

    async def leads(self) -> bool:
        """Whether it says so; a process that does not answer says nothing."""
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.operator.metric(_LEADING), 0.5) == 1
        return False

    async def stands_by(self, run: int) -> None:
        """Return when this run of its process, counted from 1 at the first start, waits for the Lease."""
        await eventually(
            lambda: self.operator.log.count("waiting for the Lease") >= run, f"run {run} waits for the Lease"
        )

    def writes(self, since: float) -> list[float]:
        """When it wrote since then; not its Lease."""
        return [call.at for call in self.proxy.calls if call.write and call.at >= since]


class Pair:
    """An asynchronous context manager: both run and one leads; fleets are there, and are changed all the time."""

    def __init__(
        self, plane: ControlPlane, session: aiohttp.ClientSession, folder: Path, namespace: str, fleets: int = 5
    ) -> None:
        self._plane = plane
        self._folder = folder
        self._namespace = namespace
        self._keys: Sequence[Key] = [(namespace, f"fleet-{number}") for number in range(fleets)]
        self._fleets = ManyFleets(session, self._keys)
        self._stack = AsyncExitStack()
        self._replicas = 2

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._fleets)
        token = await asyncio.to_thread(self._plane.service_account_token, "goproxy-operator", "goproxy-operator")
        self._sides: list[Side] = []
        for name in ("a", "b"):
            proxy = await self._stack.enter_async_context(ApiProxy(self._plane))
            kubeconfig = proxy.kubeconfig(self._folder / f"{name}.kubeconfig", token)
            log = self._folder / f"{name}.log"
            operator = OperatorProcess(kubeconfig, log, f"--namespace={self._namespace}", "--scrape-interval=1h")
            await operator.__aenter__()
            self._stack.push_async_callback(self._end, len(self._sides))
            self._sides.append(Side(proxy, operator))
            await self._sides[-1].stands_by(1)
        await self.leader()
        await self._fleets.make()
        await eventually(lambda: not self._fleets.unfinished(), "all fleets are told")
        self._loading = asyncio.create_task(self._load())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loading.cancel()
        await self._stack.aclose()

    async def _end(self, number: int) -> None:
        self._sides[number].proxy.join()
        await self._sides[number].operator.stop(signal.SIGKILL)

    @property
    def logs(self) -> str:
        """What both have logged."""
        return "".join(side.operator.log for side in self._sides)

    async def leader(self) -> tuple[Side, Side]:
        """The one that leads, and the other, once one does."""
        found: list[Side] = []

        async def leads() -> bool:
            found[:] = [side for side in self._sides if await side.leads()]
            return bool(found)

        await eventually(leads, "one leads")
        (other,) = (side for side in self._sides if side is not found[0])
        return found[0], other

    async def take_over(self, way: str) -> float:
        """Take the leader away, ask for something, and return after how many seconds that is carried out.

        AssertionError when the two led, or wrote, at the same time. Afterwards both run again.
        """
        old, new = await self.leader()
        await asyncio.sleep(1)
        sampling = asyncio.create_task(self._sample())
        begun = time.monotonic()
        match way:
            case "kill":
                old.operator.kill()
            case "term":
                os.kill(old.operator.pid, signal.SIGTERM)
            case "part":
                old.proxy.part()
            case _:
                os.kill(old.operator.pid, signal.SIGSTOP)
        self._replicas = 5 - self._replicas
        await self._fleets.change(self._keys[0], {"replicas": self._replicas})
        await eventually(lambda: self._count() == self._replicas, f"the other acts after {way}")
        took = self._fleets.set_of(self._keys[0])[0] - begun
        match way:
            case "kill" | "term":
                await old.operator.ended()
                run = old.operator.log.count("waiting for the Lease") + 1
                await old.operator.__aenter__()
                # The start of a process may take seconds, and is no part of the next take-over.
                await old.stands_by(run)
            case "part":
                assert not await old.leads()
                old.proxy.join()
            case _:
                os.kill(old.operator.pid, signal.SIGCONT)
        await asyncio.sleep(3)
        if sampling.done():
            sampling.result()
        sampling.cancel()
        assert await new.leads()
        assert not await old.leads()
        late = [at - begun for at in old.writes(min(new.writes(begun)))]
        # A process that was frozen in the midst of a request sends the rest of it when it goes on.
        most = 1 if way == "freeze" else 0
        told = f"the former leader wrote {late} s after it; the new one led since {took} s"
        assert len(late) <= most, f"after {way}: {told}"
        return took

    def _count(self) -> int:
        return int(self._fleets.set_of(self._keys[0])[1]["spec"]["replicas"])

    async def _sample(self) -> None:
        while True:
            both = await asyncio.gather(*(side.leads() for side in self._sides))
            assert not all(both), "both lead"
            await asyncio.sleep(0.1)

    async def _load(self) -> None:
        turn = 0
        while True:
            wanted = "Delete" if turn // len(self._keys) % 2 else "Retain"
            await self._fleets.change(
                self._keys[turn % len(self._keys)], {"cache": {"storage": {"whenDeleted": wanted}}}
            )
            await asyncio.sleep(0.1)
            turn += 1
