"""One reconcile of one object: observe, decide, do, tell. Thin: each decision is a pure module's."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.status import UNSEEN
from goproxy_operator.cluster.client import Client, NamespaceEndingError
from goproxy_operator.cluster.discovery import Discovery
from goproxy_operator.cluster.mirror import Mirror
from goproxy_operator.cluster.named_config_maps import NamedConfigMaps
from goproxy_operator.cluster.resources import CONFIG_MAPS, GOPROXIES, STATEFUL_SETS, Key, Object
from goproxy_operator.cluster.store import Store
from goproxy_operator.cluster.tenancy import Tenancy
from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents_of
from goproxy_operator.metrics_api.rules.registration import OFF, Registration
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.classes import Admitted, admit
from goproxy_operator.reconcile.facts import Facts
from goproxy_operator.reconcile.idle_claims import decide_idle
from goproxy_operator.reconcile.imposed import imposing
from goproxy_operator.reconcile.intent import Intent, Surroundings, intend
from goproxy_operator.reconcile.nudges import nudges
from goproxy_operator.reconcile.observe import (
    ask_for,
    autoscaler,
    claims,
    in_mirror,
    pods,
    replicas,
    storage_classes,
)
from goproxy_operator.reconcile.outcome import Outcome
from goproxy_operator.reconcile.plan import Apply, ChildId, Orphan, Plan, make_plan
from goproxy_operator.reconcile.problem import Problem
from goproxy_operator.reconcile.reports import Reports
from goproxy_operator.reconcile.rollouts import Rollouts, rolling
from goproxy_operator.reconcile.status import compute_status, not_asked_yet, stalled_status
from goproxy_operator.reconcile.telling import Telling
from goproxy_operator.settings import Settings

_log = logging.getLogger(__name__)
_GROWTH_LOOK = 60.0  # seconds between two looks at whether a cache that may grow by itself has been full for long


class FleetReconciler:
    """Reconciles objects by key. `clock` is the loop's, in seconds."""

    def __init__(
        self,
        client: Client,
        goproxies: Store,
        mirror: Mirror,
        config_maps: NamedConfigMaps,
        reports: Reports,
        *,
        discovery: Discovery,
        tenancy: Tenancy,
        rollouts: Rollouts,
        settings: Settings,
        clock: Callable[[], float],
        own_metrics: Callable[[], Registration] = lambda: OFF,
    ) -> None:
        self._client = client
        self._goproxies = goproxies
        self._mirror = mirror
        self._config_maps = config_maps
        self._reports = reports
        self._discovery = discovery
        self._tenancy = tenancy
        self._rollouts = rollouts
        self._settings = settings
        self._own_metrics = own_metrics
        self._actions = Actions(client, mirror)
        self._telling = Telling(client, goproxies, identity=settings.identity, clock=clock)
        self._ending: dict[Key, str] = {}
        """Objects in namespaces that are being deleted: their uid."""

    async def reconcile(self, key: Key) -> Outcome:
        """Bring what there is to what is asked for. Raises what is worth a retry."""
        item = self._goproxies.get(key)
        if item is None or "deletionTimestamp" in item["metadata"]:
            # Owner references and the garbage collector do the rest.
            await self._forget(key)
            return Outcome()
        if self._ending.get(key) == item["metadata"]["uid"]:
            return Outcome()
        try:
            return await self._bring(key, item)
        except NamespaceEndingError as e:
            # No fault of the object, and nothing to wait for: it goes with its namespace.
            _log.info("%s/%s: %s", *key, e)
            self._ending[key] = item["metadata"]["uid"]
            return Outcome()

    async def _bring(self, key: Key, item: Object) -> Outcome:
        admitted = self._admit(item)
        if isinstance(admitted, Problem):
            return await self._refuse(key, item, admitted)
        goproxy = admitted.goproxy
        around = Surroundings(
            default_image=self._settings.default_image,
            served=self._discovery.kinds,
            operator_namespace=self._settings.operator_namespace,
            groups=self._discovery.groups,
            own_metrics=self._own_metrics(),
            named_allowlist=await self._named_allowlist(key, goproxy),
            claims=claims(self._mirror, key),
            pods=pods(self._mirror, key),
            pressed=self._reports.pressed(key, goproxy),
            imposed=admitted.imposed,
        )
        live = in_mirror(self._mirror, key)
        intent = intend(goproxy, live, around)
        if goproxy.spec.suspend:
            self._rollouts.looked_at(key, rolling=False, waits=False)
            refused = await self._impose(key, item)
            in_force = documents_of(self._config_map(key) or {}).hash
            facts = self._facts(key, goproxy, intent, config_hash=in_force, suspended=True, stalled=refused)
            return await self._tell(key, item, facts)
        if missing := intent.ids - live.keys():
            if item.get("status", UNSEEN) != UNSEEN and not await self._exists(item):
                # A child of a dead owner would be made for the garbage collector only.
                self._goproxies.drop(key)
                return Outcome()
            if found := await ask_for(self._client, key[0], missing):
                live |= found
                intent = intend(goproxy, live, around)
        if asked := intent.claims.unknown_classes:
            around = replace(around, cannot_grow=await storage_classes(self._client, asked))
            intent = intend(goproxy, live, around)
        if why := await self._actions.grow(intent.claims.grow):
            around = replace(around, cannot_grow=dict.fromkeys(around.cannot_grow, why))
            intent = intend(goproxy, live, around)
        refused = await self._carry_out(key, item, live, intent)
        idle = decide_idle(
            around.claims, self._stateful_set(key), around.pods, datetime.now(UTC), self._settings.keep_idle_claims
        )
        await self._actions.tend(idle)
        facts = self._facts(
            key,
            goproxy,
            intent,
            config_hash=intent.config_hash,
            config_problem=intent.config_problem,
            resizing=intent.claims.resizing,
            stalled=refused or intent.claims.problem or intent.missing_apis,
        )
        known = live.get(("ConfigMap", names.config_map(key[1])))
        changed = known is not None and documents_of(known).hash != intent.config_hash
        await self._actions.nudge(nudges(key[0], facts.replicas, intent.config_hash, changed=changed))
        outcome = await self._tell(key, item, facts)
        return replace(outcome, stuck=facts.stalled is not None).sooner(idle.again, self._next_growth_look(goproxy))

    async def _carry_out(
        self, key: Key, item: Object, live: Mapping[ChildId, Object], intent: Intent
    ) -> Problem | None:
        plan = make_plan(key[1], item["metadata"]["uid"], intent.children, live)
        # What the object's user has just asked for does not wait for a turn.
        asked = item.get("status", {}).get("observedGeneration") != item["metadata"]["generation"]
        waits = plan.rolls and not asked and not self._rollouts.turn(key)
        if waits:
            plan = plan.without_rollout()
        elif intent.hand_over:
            await self._actions.hand_over(live["StatefulSet", names.stateful_set(key[1])])
        refused = await self._actions.carry_out(plan, key[0])
        self._rollouts.looked_at(key, rolling=rolling(self._stateful_set(key)), waits=waits)
        if any(isinstance(action, Orphan) for action in plan.actions):
            self._reports.start_again(key)
        return plan.problem or refused

    def _facts(self, key: Key, goproxy: GoProxy, intent: Intent, **more: Any) -> Facts:
        return Facts(
            goproxy=goproxy,
            stateful_set=self._stateful_set(key),
            autoscaler=autoscaler(self._mirror, key, intent.ids),
            autoscaling_problem=intent.autoscaling_problem,
            replicas=replicas(self._mirror, key, self._reports.of(key)),
            **more,
        )

    def _next_growth_look(self, goproxy: GoProxy) -> float | None:
        storage = goproxy.spec.cache.storage
        return min(_GROWTH_LOOK, self._settings.grow_after / 2) if storage and storage.grow_to else None

    async def _tell(self, key: Key, item: Object, facts: Facts) -> Outcome:
        previous = item.get("status", {})
        status = compute_status(facts, previous, datetime.now(UTC))
        if not self._reports.asked(key):
            status = not_asked_yet(status, previous)
        return await self._telling.tell(key, item, status)

    def _stateful_set(self, key: Key) -> Object | None:
        return self._mirror.get(STATEFUL_SETS, (key[0], names.stateful_set(key[1])))

    def _config_map(self, key: Key) -> Object | None:
        return self._mirror.get(CONFIG_MAPS, (key[0], names.config_map(key[1])))

    async def _named_allowlist(self, key: Key, goproxy: GoProxy) -> Object | None:
        """Return the ConfigMap that the object names, if it does and there is one; from now on it is watched."""
        name = goproxy.spec.modules.allowlist_config_map_name
        if name is None:
            await self._config_maps.release(key)
            return None
        return await self._config_maps.get(key, name)

    def _admit(self, item: Object) -> Admitted | Problem:
        return admit(item, self._tenancy.classes, self._tenancy.labels(item["metadata"]["namespace"]))

    async def _refuse(self, key: Key, item: Object, problem: Problem) -> Outcome:
        """Tell why the object is not carried out; what runs is left as it is, but for what its class imposes."""
        self._rollouts.looked_at(key, rolling=False, waits=False)
        problem = await self._impose(key, item) or problem
        generation = item["metadata"]["generation"]
        status = stalled_status(problem.reason, problem.message, generation, item.get("status", {}), datetime.now(UTC))
        return await self._telling.tell(key, item, status)

    async def _impose(self, key: Key, item: Object) -> Problem | None:
        """Put what the class imposes into the config of a fleet of which nothing else is carried out."""
        labels = self._tenancy.labels(key[0])
        manifest = imposing(item, self._config_map(key), self._tenancy.classes, labels)
        if manifest is None:
            return None
        refused = await self._actions.carry_out(Plan((Apply(manifest),)), key[0])
        found = replicas(self._mirror, key, self._reports.of(key))
        await self._actions.nudge(nudges(key[0], found, documents_of(manifest).hash, changed=refused is None))
        return refused

    async def _exists(self, item: Object) -> bool:
        metadata = item["metadata"]
        fresh = await self._client.get(GOPROXIES, metadata["namespace"], metadata["name"])
        return fresh is not None and fresh["metadata"]["uid"] == metadata["uid"]

    async def _forget(self, key: Key) -> None:
        await self._config_maps.release(key)
        self._reports.forget(key)
        self._rollouts.forget(key)
        self._telling.forget(key)
        self._ending.pop(key, None)
