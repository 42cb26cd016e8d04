"""Carries out what was decided about a fleet's children and pods. Thin: it decides nothing."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.errors import ApiError, ConflictError, NamespaceEndingError, NotFoundError
from goproxy_operator.kube.resources import CHILDREN, CLAIMS, PODS, STATEFUL_SETS, Object, Resource
from goproxy_operator.observed.mirror import Mirror
from goproxy_operator.reconcile.decide.idle_claims import IDLE_MANAGER, IdleClaims
from goproxy_operator.reconcile.decide.plan import Apply, ChildId, Delete, Orphan, Plan
from goproxy_operator.reconcile.decide.replicas import INTERIM_MANAGER, interim_manifest

_log = logging.getLogger(__name__)


class Actions:
    """Changes a fleet's children, claims and pods as it was decided."""

    def __init__(self, client: ApiClient, mirror: Mirror) -> None:
        self._client = client
        self._mirror = mirror

    async def carry_out(self, plan: Plan, namespace: str) -> Mapping[ChildId, str]:
        """Carry out the plan. Return what the API server refuses for good, and why; the rest is done all the same."""
        refused: dict[ChildId, str] = {}
        for action in plan.actions:
            try:
                match action:
                    case Apply(sent):
                        resource = CHILDREN[sent["kind"]]
                        answer = await self._client.apply(resource, sent, force=True)
                        self._mirror.put_answer(resource, answer)
                    case Delete(kind, name, uid):
                        await self._delete(CHILDREN[kind], namespace, name, uid)
                    case Orphan(name, uid):
                        # The end of the StatefulSet is an event of its own, and the next pass makes it anew.
                        await self._delete(STATEFUL_SETS, namespace, name, uid, orphan=True)
            except NamespaceEndingError:
                raise
            except ApiError as e:
                if e.is_temporary:
                    raise
                refused[action.about] = e.message
        return refused

    async def grow(self, claims: Sequence[Manifest]) -> str:
        """Apply larger sizes to claims; return why the API server refuses that, "" if it does not."""
        for claim in claims:
            try:
                self._mirror.put_answer(CLAIMS, await self._client.apply(CLAIMS, claim, force=True))
            except NotFoundError:
                continue
            except ApiError as e:
                if e.is_temporary:
                    raise
                return e.message
        return ""

    async def tend(self, idle: IdleClaims) -> None:
        """Mark claims that have become idle or used, delete those that nobody used for long enough."""
        for mark in idle.marks:
            try:
                self._mirror.put_answer(
                    CLAIMS, await self._client.apply(CLAIMS, mark, manager=IDLE_MANAGER, force=True)
                )
            except (NotFoundError, ConflictError):
                continue  # the claim is gone, or is another of its name; an event of its own tells
        for claim in idle.reap:
            metadata = claim["metadata"]
            _log.info(
                "%s/%s: nobody has used this claim for long; deleting it",
                metadata["namespace"],
                metadata["name"],
                extra={"namespace": metadata["namespace"]},
            )
            await self._delete(CLAIMS, metadata["namespace"], metadata["name"], metadata["uid"])

    async def nudge(self, pods: Sequence[Manifest]) -> None:
        """Annotate pods. A pod that is gone needs no nudge; any other takes its config a minute later without one."""
        for pod in pods:
            try:
                answer = await self._client.apply(PODS, pod, force=True)
                self._mirror.put_answer(PODS, answer)
            except ApiError as e:
                namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
                _log.info("%s/%s is not nudged: %s", namespace, name, e, extra={"namespace": namespace})

    async def _delete(self, resource: Resource, namespace: str, name: str, uid: str, *, orphan: bool = False) -> None:
        going = await self._client.delete(resource, namespace, name, uid, orphan=orphan)
        if going is not None:
            self._mirror.put_answer(resource, going)

    async def hand_over(self, live: Object) -> None:
        """Let the second manager own the number of replicas there is. A conflict means that the number has moved."""
        fresh = await self._client.get(STATEFUL_SETS, live["metadata"]["namespace"], live["metadata"]["name"])
        if fresh is None or fresh["metadata"]["uid"] != live["metadata"]["uid"]:
            raise ConflictError(HTTPStatus.CONFLICT, "the StatefulSet is another one by now")
        await self._client.apply(STATEFUL_SETS, interim_manifest(fresh), manager=INTERIM_MANAGER, force=False)
