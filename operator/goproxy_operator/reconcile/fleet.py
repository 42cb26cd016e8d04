"""One reconcile of one object: observe, decide, do, tell. Thin: each decision is a pure module's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.cluster.client import Client
from goproxy_operator.cluster.discovery import Discovery
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.named_config_maps import NamedConfigMaps
from goproxy_operator.cluster.resources import AUTOSCALERS, GOPROXIES, STATEFUL_SETS, Key, Object
from goproxy_operator.cluster.store import Store
from goproxy_operator.cluster.tenancy import Tenancy
from goproxy_operator.desired import names
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.classes import Admitted, admit
from goproxy_operator.reconcile.facts import Facts
from goproxy_operator.reconcile.intent import Intent, Surroundings, intend
from goproxy_operator.reconcile.nudges import nudges
from goproxy_operator.reconcile.observe import ask_for, in_mirror, replicas
from goproxy_operator.reconcile.outcome import Outcome
from goproxy_operator.reconcile.plan import ChildId, make_plan
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.reports import Reports
from goproxy_operator.reconcile.status import compute_status, stalled_status
from goproxy_operator.reconcile.telling import Telling


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
        discovery: Discovery,
        tenancy: Tenancy | None,
        default_image: str,
        identity: str,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._goproxies = goproxies
        self._mirror = mirror
        self._config_maps = config_maps
        self._reports = reports
        self._discovery = discovery
        self._tenancy = tenancy
        self._default_image = default_image
        self._actions = Actions(client, mirror)
        self._telling = Telling(client, goproxies, identity=identity, clock=clock)

    async def reconcile(self, key: Key) -> Outcome:
        """Bring what there is to what is asked for. Raises what is worth a retry."""
        item = self._goproxies.get(key)
        if item is None or "deletionTimestamp" in item["metadata"]:
            # Owner references and the garbage collector do the rest.
            await self._forget(key)
            return Outcome()
        admitted = self._admit(item)
        if isinstance(admitted, Problem):
            return await self._refuse(key, item, admitted)
        goproxy = admitted.goproxy
        allowlist = await self._named_allowlist(key, goproxy)
        around = Surroundings(self._default_image, self._discovery.kinds, allowlist, admitted.imposed)
        live = in_mirror(self._mirror, key)
        intent = intend(goproxy, live, around)
        if missing := intent.ids - live.keys():
            if "status" in item and not await self._exists(item):
                # A child of a dead owner would be made for the garbage collector only.
                self._goproxies.drop(key)
                return Outcome()
            if found := await ask_for(self._client, key[0], missing):
                live |= found
                intent = intend(goproxy, live, around)
        facts = await self._carry_out(key, goproxy, live, intent)
        status = compute_status(facts, item.get("status", {}), datetime.now(UTC))
        outcome = await self._telling.tell(key, item, status)
        return replace(outcome, stuck=facts.stalled is not None)

    def _admit(self, item: Object) -> Admitted | Problem:
        if self._tenancy is None:
            return admit(item, None, {})
        return admit(item, self._tenancy.classes, self._tenancy.labels(item["metadata"]["namespace"]))

    async def _carry_out(self, key: Key, goproxy: GoProxy, live: Mapping[ChildId, Object], intent: Intent) -> Facts:
        name = goproxy.metadata.name
        plan = make_plan(name, goproxy.metadata.uid, intent.children, live)
        if intent.hand_over:
            await self._actions.hand_over(live["StatefulSet", names.stateful_set(name)])
        refused = await self._actions.carry_out(plan, key[0])
        found = replicas(self._mirror, key, self._reports.of(key))
        await self._actions.nudge(nudges(key[0], found, intent.config_hash))
        return Facts(
            goproxy=goproxy,
            stateful_set=self._mirror.get(STATEFUL_SETS, (key[0], names.stateful_set(name))),
            autoscaler=self._mirror.get(AUTOSCALERS, (key[0], names.autoscaler(name))),
            replicas=found,
            config_hash=intent.config_hash,
            config_problem=intent.config_problem,
            stalled=plan.problem or refused or intent.problem,
        )

    async def _named_allowlist(self, key: Key, goproxy: GoProxy) -> Object | None:
        """Return the ConfigMap that the object names, if it does and there is one; from now on it is watched."""
        name = goproxy.spec.modules.allowlist_config_map_name
        if name is None:
            await self._config_maps.release(key)
            return None
        return await self._config_maps.get(key, name)

    async def _refuse(self, key: Key, item: Object, problem: Problem) -> Outcome:
        """Tell why the object is not carried out; what runs is left as it is."""
        generation = item["metadata"]["generation"]
        status = stalled_status(problem.reason, problem.message, generation, item.get("status", {}), datetime.now(UTC))
        return await self._telling.tell(key, item, status)

    async def _exists(self, item: Object) -> bool:
        metadata = item["metadata"]
        fresh = await self._client.get(GOPROXIES, metadata["namespace"], metadata["name"])
        return fresh is not None and fresh["metadata"]["uid"] == metadata["uid"]

    async def _forget(self, key: Key) -> None:
        await self._config_maps.release(key)
        self._reports.forget(key)
        self._telling.forget(key)
