"""A new version of the operator changes the pods of every fleet: so many at once, in order, only while it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from tests.kubernetes import audit
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.eventually import eventually
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.node_stand_in import NodeStandIn
from tests.kubernetes.watch import follow, stop
from tests.operator.live.conftest import StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.live.operator_process import USER

Object = dict[str, Any]
LIMIT = 2
OLD, NEW = "registry.example.com/modproxy:1", "registry.example.com/modproxy:2"
NAMES = [f"fleet-{number}" for number in range(8)]


class Turns:
    """Follows the StatefulSets of a namespace: which began to change their pods, in order, and how many at once."""

    def __init__(self, session: aiohttp.ClientSession, namespace: str) -> None:
        self._session = session
        self._path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        self.begun: list[str] = []
        self.under_way: set[str] = set()
        self.most = 0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(follow(self._session, self._path, self._seen))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await stop([self._task])

    async def _seen(self, item: Object) -> None:
        name, status = item["metadata"]["name"], item.get("status", {})
        if item["spec"]["template"]["spec"]["containers"][0]["image"] != NEW:
            return
        if name not in self.begun:
            self.begun.append(name)
        done = (
            status.get("observedGeneration") == item["metadata"]["generation"]
            and status.get("updatedReplicas") == 1
            and status.get("readyReplicas") == 1
        )
        (self.under_way.discard if done else self.under_way.add)(name)
        self.most = max(self.most, len(self.under_way))


class Readiness:
    """Pods of the new image are ready only where the test lets them be."""

    def __init__(self, nodes: NodeStandIn) -> None:
        self._nodes = nodes
        self._let: set[str] = set()

    async def let(self, *fleets: str) -> None:
        self._let |= set(fleets)
        await self._nodes.set_ready(self._is_ready)

    def _is_ready(self, pod: Object) -> bool:
        name = pod["metadata"]["name"].rpartition("-")[0]
        return pod["spec"]["containers"][0]["image"] != NEW or name in self._let


@pytest.fixture
async def turns(api: aiohttp.ClientSession, kubectl: Kubectl) -> AsyncIterator[Turns]:
    async with Turns(api, kubectl.namespace) as following:
        yield following


@pytest.fixture
async def fleets(kubectl: Kubectl, nodes: NodeStandIn, new_operator: StartOperator) -> list[Fleet]:
    """All are ready with the old image."""
    assert nodes
    made = [Fleet(kubectl, name) for name in NAMES]
    async with new_operator(f"--image={OLD}"):
        for fleet in made:
            await fleet.apply(replicas=1)
        for fleet in made:
            await fleet.wait_ready(1)
    return made


async def test_fleets_take_turns_and_one_that_does_not_start_stops_the_rest(
    control_plane: ControlPlane, fleets: list[Fleet], nodes: NodeStandIn, new_operator: StartOperator, turns: Turns
) -> None:
    readiness = Readiness(nodes)
    await readiness.let()
    mark = control_plane.audit.mark()

    def written() -> set[str]:
        """The fleets to which something was written, themselves or their children."""
        made = audit.matching(
            control_plane.audit.since(mark), user=USER, verbs=audit.WRITES, namespace=fleets[0].kubectl.namespace
        )
        assert {call.resource for call in made} <= {"goproxies", "statefulsets", "events"}, made
        return {call.name[: len("fleet-0")] for call in made if call.resource != "events"}

    async def begun(*names: str) -> None:
        # Those that have their turn at the same moment begin in no order.
        await eventually(lambda: sorted(turns.begun) == sorted(names), f"{names} were begun")

    async def told_as_rolling(name: str) -> None:
        await Fleet(fleets[0].kubectl, name).wait_condition("Reconciling", "True", "RollingOut")

    arguments = (f"--image={NEW}", f"--rollouts={LIMIT}", "--resync=200ms", "--scrape-interval=60s")
    async with new_operator(*arguments) as operator:
        await begun(*NAMES[:2])
        for name in NAMES[:2]:
            await told_as_rolling(name)
        await readiness.let(NAMES[0])
        await begun(*NAMES[:3])
        await told_as_rolling(NAMES[2])

        # Both that have their turn do not start: nothing more happens, however often all are looked at.
        looks = await operator.metric("goproxy_operator_reconcile_seconds_count") + 10 * len(NAMES)

        async def looked() -> bool:
            return await operator.metric("goproxy_operator_reconcile_seconds_count") >= looks

        await eventually(looked, "all were looked at ten times more")
        assert sorted(turns.begun) == NAMES[:3]
        assert written() == set(NAMES[:3])
        assert turns.most == LIMIT

        # Whoever edits an object does not wait for a turn.
        await readiness.let(NAMES[5])
        await fleets[5].apply(replicas=1, pod={"labels": {"edited": "yes"}})
        await fleets[5].wait_ready(1)
        assert sorted(turns.begun) == [*NAMES[:3], NAMES[5]]
        operator.kill()
        await operator.ended()

    await fleets[0].kubectl("delete", "lease", "goproxy-operator", "-n", "goproxy-operator")
    async with new_operator(*arguments) as operator:
        await operator.leading()
        looks = await operator.metric("goproxy_operator_reconcile_seconds_count") + 10 * len(NAMES)
        await eventually(looked, "all were looked at ten times")
        assert sorted(turns.begun) == [*NAMES[:3], NAMES[5]], "what was under way still is"
        most = turns.most
        turns.most = 0
        await readiness.let(*NAMES)
        for fleet in fleets:
            await fleet.wait_ready(1)
        for number, name in enumerate(turns.begun[4:], start=4):
            assert name in sorted(set(NAMES) - set(turns.begun[:number]))[:LIMIT], turns.begun
        assert turns.most <= LIMIT
        assert most <= LIMIT + 1, "the edited one besides"
