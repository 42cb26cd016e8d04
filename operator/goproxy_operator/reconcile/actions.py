"""Carries out what was decided about a fleet's children and pods. Thin: it decides nothing."""

import logging
from collections.abc import Sequence
from http import HTTPStatus

from goproxy_operator.cluster.client import ApiError, Client, ConflictError
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.resources import CHILDREN, PODS, STATEFUL_SETS, Object
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.reconcile.plan import Apply, Delete, Plan
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.replicas import INTERIM_MANAGER, interim_manifest

_log = logging.getLogger(__name__)
_RETRIED = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


class Actions:
    """The calls that change a fleet's children."""

    def __init__(self, client: Client, mirror: Mirror) -> None:
        self._client = client
        self._mirror = mirror

    async def carry_out(self, plan: Plan, namespace: str) -> Problem | None:
        """Carry out the plan; what the API server refuses for good is told, the rest is done all the same."""
        refused: list[str] = []
        for action in plan.actions:
            try:
                match action:
                    case Apply(sent):
                        resource = CHILDREN[sent["kind"]]
                        answer = await self._client.apply(resource, sent, force=True)
                        self._mirror.put_answer(resource, answer)
                    case Delete(kind, name, uid):
                        await self._client.delete(CHILDREN[kind], namespace, name, uid)
            except ApiError as e:
                if e.status in _RETRIED or e.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                refused.append(e.message)
        return Problem("Refused", f"the API server refused: {'; '.join(refused)}") if refused else None

    async def nudge(self, pods: Sequence[Manifest]) -> None:
        """Annotate pods. One that is gone needs no nudge; one that cannot be nudged takes its config a minute later."""
        for pod in pods:
            try:
                answer = await self._client.apply(PODS, pod, force=True)
                self._mirror.put_answer(PODS, answer)
            except ApiError as e:
                _log.info("%s/%s is not nudged: %s", pod["metadata"]["namespace"], pod["metadata"]["name"], e)

    async def hand_over(self, live: Object) -> None:
        """Let the second manager own the number there is. A conflict means that it has moved: look again."""
        fresh = await self._client.get(STATEFUL_SETS, live["metadata"]["namespace"], live["metadata"]["name"])
        if fresh is None or fresh["metadata"]["uid"] != live["metadata"]["uid"]:
            raise ConflictError(HTTPStatus.CONFLICT, "the StatefulSet is another one by now")
        await self._client.apply(STATEFUL_SETS, interim_manifest(fresh), manager=INTERIM_MANAGER, force=False)
