"""One reconcile of one object: observe, decide, do, tell. Thin: each decision is a pure module's."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus

from goproxy_operator.api.goproxy import GoProxy, InvalidGoProxyError, parse_goproxy
from goproxy_operator.cluster.client import ApiError, Client, ConflictError, NotFoundError
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.named_config_maps import NamedConfigMaps
from goproxy_operator.cluster.resources import (
    AUTOSCALERS,
    CHILDREN,
    EVENTS,
    GOPROXIES,
    PODS,
    STATEFUL_SETS,
    Key,
    Object,
)
from goproxy_operator.cluster.store import Store
from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents
from goproxy_operator.desired.fleet import Circumstances, children
from goproxy_operator.desired.manifest import Manifest
from goproxy_operator.desired.stateful_set import claim_templates
from goproxy_operator.reconcile.allowlist import Allowlist, decide_allowlist
from goproxy_operator.reconcile.claims import claims_in_force
from goproxy_operator.reconcile.events import event, warnings
from goproxy_operator.reconcile.facts import Facts
from goproxy_operator.reconcile.nudges import nudges
from goproxy_operator.reconcile.observe import Observed, observe, replicas
from goproxy_operator.reconcile.plan import Apply, Delete, Plan, make_plan
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.replicas import INTERIM_MANAGER, decide_replicas, interim_manifest
from goproxy_operator.reconcile.reports import Reports
from goproxy_operator.reconcile.status import (
    FIGURES_EVERY,
    Document,
    News,
    compute_status,
    manifest,
    news,
    stalled_status,
)

_log = logging.getLogger(__name__)
_RETRIED = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a reconcile went. `again` asks for another one in so many seconds; `stuck` for one with back-off."""

    again: float | None = None
    stuck: bool = False


class FleetReconciler:
    """Reconciles objects by key. `clock` is the loop's, in seconds; `identity` names this process in Events."""

    def __init__(
        self,
        client: Client,
        goproxies: Store,
        mirror: Mirror,
        config_maps: NamedConfigMaps,
        reports: Reports,
        *,
        default_image: str,
        identity: str,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._goproxies = goproxies
        self._mirror = mirror
        self._config_maps = config_maps
        self._reports = reports
        self._default_image = default_image
        self._identity = identity
        self._clock = clock
        self._written: dict[Key, float] = {}

    async def reconcile(self, key: Key) -> Outcome:
        """Bring what there is to what is asked for. Raises what is worth a retry."""
        item = self._goproxies.get(key)
        if item is None or "deletionTimestamp" in item["metadata"]:
            # Owner references and the garbage collector do the rest.
            await self._forget(key)
            return Outcome()
        try:
            goproxy = parse_goproxy(item)
        except InvalidGoProxyError as e:
            generation = item["metadata"]["generation"]
            status = stalled_status("InvalidSpec", str(e), generation, item.get("status", {}), datetime.now(UTC))
            return await self._tell(key, item, status)
        observed = await observe(self._client, self._mirror, key, autoscaled=goproxy.spec.autoscaling is not None)
        if not observed.complete and "status" in item and not await self._exists(item):
            # A child of a dead owner would be made for the garbage collector only.
            self._goproxies.drop(key)
            return Outcome()
        facts = await self._carry_out(key, goproxy, observed)
        status = compute_status(facts, item.get("status", {}), datetime.now(UTC))
        outcome = await self._tell(key, item, status)
        return replace(outcome, stuck=facts.stalled is not None)

    async def _carry_out(self, key: Key, goproxy: GoProxy, observed: Observed) -> Facts:
        name, uid = goproxy.metadata.name, goproxy.metadata.uid
        allowlist = await self._allowlist(key, goproxy, observed.get("ConfigMap", names.config_map(name)))
        live_set = observed.get("StatefulSet", names.stateful_set(name))
        claims = claims_in_force(claim_templates(goproxy), live_set)
        number = decide_replicas(goproxy, live_set)
        files = documents(goproxy, claims.size_bytes, allowlist.text if allowlist else None)
        desired = children(goproxy, Circumstances(self._default_image, files, claims.templates, number.send))
        plan = make_plan(name, uid, desired, observed.live)
        if number.hand_over and live_set is not None:
            await self._hand_over(live_set)
        refused = await self._do(plan, key[0])
        found = replicas(self._mirror, key, self._reports.of(key))
        await self._nudge(nudges(key[0], found, files.hash))
        now_set = self._mirror.get(STATEFUL_SETS, (key[0], names.stateful_set(name)))
        return Facts(
            goproxy=goproxy,
            stateful_set=now_set,
            autoscaler=self._mirror.get(AUTOSCALERS, (key[0], names.autoscaler(name))),
            replicas=found,
            config_hash=files.hash,
            config_problem=allowlist.problem if allowlist else None,
            stalled=plan.problem or refused or claims.problem,
        )

    async def _allowlist(self, key: Key, goproxy: GoProxy, child: Object | None) -> Allowlist | None:
        name = goproxy.spec.modules.allowlist_config_map_name
        if name is None:
            await self._config_maps.release(key)
            return None
        return decide_allowlist(name, await self._config_maps.get(key, name), child)

    async def _do(self, plan: Plan, namespace: str) -> Problem | None:
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

    async def _nudge(self, pods: Sequence[Manifest]) -> None:
        """Annotate pods. One that is gone needs no nudge; one that cannot be nudged takes its config a minute later."""
        for pod in pods:
            try:
                answer = await self._client.apply(PODS, pod, force=True)
                self._mirror.put_answer(PODS, answer)
            except ApiError as e:
                _log.info("%s/%s is not nudged: %s", pod["metadata"]["namespace"], pod["metadata"]["name"], e)

    async def _hand_over(self, live: Object) -> None:
        """Let the second manager own the number there is. A conflict means that it has moved: look again."""
        fresh = await self._client.get(STATEFUL_SETS, live["metadata"]["namespace"], live["metadata"]["name"])
        if fresh is None or fresh["metadata"]["uid"] != live["metadata"]["uid"]:
            raise ConflictError(HTTPStatus.CONFLICT, "the StatefulSet is another one by now")
        await self._client.apply(STATEFUL_SETS, interim_manifest(fresh), manager=INTERIM_MANAGER, force=False)

    async def _exists(self, item: Object) -> bool:
        metadata = item["metadata"]
        fresh = await self._client.get(GOPROXIES, metadata["namespace"], metadata["name"])
        return fresh is not None and fresh["metadata"]["uid"] == metadata["uid"]

    async def _tell(self, key: Key, item: Object, status: Document) -> Outcome:
        """Write the status if it says something new; one in which only figures moved waits for its turn."""
        previous = item.get("status", {})
        match news(status, previous):
            case News.NONE:
                return Outcome()
            case News.FIGURES if (wait := self._written.get(key, 0) + FIGURES_EVERY - self._clock()) > 0:
                return Outcome(again=wait)
            case _:
                pass
        try:
            answer = await self._client.apply_status(GOPROXIES, manifest(item, status))
        except (NotFoundError, ConflictError):
            # It is gone, or another of that name: whoever made that tells us.
            self._goproxies.drop(key)
            return Outcome()
        self._written[key] = self._clock()
        self._goproxies.put_answer(answer)
        await self._warn(item, status)
        return Outcome()

    async def _warn(self, item: Object, status: Document) -> None:
        for reason, message in warnings(status, item.get("status", {})):
            _log.warning("%s/%s: %s: %s", item["metadata"]["namespace"], item["metadata"]["name"], reason, message)
            try:
                await self._client.create(EVENTS, event(item, reason, message, self._identity, datetime.now(UTC)))
            except ApiError as e:
                _log.info("no Event for it: %s", e)  # the condition has said it

    async def _forget(self, key: Key) -> None:
        await self._config_maps.release(key)
        self._reports.forget(key)
        self._written.pop(key, None)
