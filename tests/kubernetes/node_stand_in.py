"""Plays kubelet, scheduler, volume provisioner and resizer for a control plane that has no node.

Pods get a node and say that they run and are ready; deleted pods go at once; claims get volumes, which grow on demand.
It does not play taints, affinity, topology spread, resources, probes and restarts; and nothing runs in the pods.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import aiohttp

from tests.kubernetes import node_rules
from tests.kubernetes.node_rules import Object, Request
from tests.kubernetes.watch import follow, list_all

logger = logging.getLogger(__name__)

_PODS = "/api/v1/pods"
_CLAIMS = "/api/v1/persistentvolumeclaims"

# Somebody was faster, or the object is gone; the watch says what is true now.
_OVERTAKEN = (404, 409)


class NodeStandIn:
    """An asynchronous context manager: while it is entered, it looks after the pods and claims of all namespaces.

    `session` is a session of the API server (`ControlPlane.session(plane.nodes_token)`), which the caller closes.
    `pod_ip` is asked once for each pod, when it starts. Addresses are of loopback: a test can answer for the pod.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        nodes: Sequence[str] = ("node-a", "node-b"),
        pod_ip: Callable[[Object], str] = node_rules.address_of_its_own,
        ready: Callable[[Object], bool] = lambda _pod: True,
    ) -> None:
        self._session = session
        self._nodes = nodes
        self.pod_ip = pod_ip
        self._ready = ready
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for request in node_rules.cluster_objects(self._nodes):
            await self._send(request)
        self._tasks = [
            asyncio.create_task(follow(self._session, _PODS, self._pod_seen)),
            asyncio.create_task(follow(self._session, _CLAIMS, self._claim_seen, self._claim_gone)),
        ]
        for task in self._tasks:
            task.add_done_callback(_complain)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def set_ready(self, ready: Callable[[Object], bool]) -> None:
        """From now on `ready` says whether a pod is ready. Returns when all pods say so too."""
        self._ready = ready
        listing = await list_all(self._session, _PODS)
        await asyncio.gather(*(self._pod_seen(pod) for pod in listing["items"]))

    async def _pod_seen(self, pod: Object) -> None:
        now = datetime.datetime.now(datetime.UTC)
        if request := node_rules.pod_step(pod, self._nodes, self.pod_ip, self._ready, now):
            await self._send(request)

    async def _claim_seen(self, claim: Object) -> None:
        for request in node_rules.claim_steps(claim):
            await self._send(request)

    async def _claim_gone(self, claim: Object) -> None:
        await self._send(node_rules.claim_gone(claim))

    async def _send(self, request: Request) -> None:
        async with self._session.request(
            request.method,
            request.path,
            json=request.body,
            headers={"Content-Type": request.content_type},
            timeout=aiohttp.ClientTimeout(30),
        ) as response:
            if response.ok or response.status in _OVERTAKEN:
                return
            answer = await response.text()
        logger.warning("%s %s: %s %s", request.method, request.path, response.status, answer.strip())
        raise aiohttp.ClientError(f"{request.method} {request.path}: {response.status}")


def _complain(task: asyncio.Task[None]) -> None:
    """Say at once why the stand-in ended, before its test has waited in vain."""
    if not task.cancelled() and (error := task.exception()):
        logger.error("the node stand-in ended", exc_info=error)
