"""One pass over one object: observe, decide, act, and write the status. Thin: each decision is a pure module's."""

import logging
from dataclasses import replace
from datetime import UTC, datetime

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.status import UNSEEN
from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents_of
from goproxy_operator.kube.errors import NamespaceEndingError
from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.metrics import FAULTS
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.decide.claims import next_growth_look
from goproxy_operator.reconcile.decide.classes import Admitted
from goproxy_operator.reconcile.decide.idle_claims import decide_idle
from goproxy_operator.reconcile.decide.imposed import imposing
from goproxy_operator.reconcile.decide.intent import (
    Intent,
    IntentFacts,
    MissingChildren,
    Question,
    UngrownClaims,
    UnknownStorageClasses,
    intend,
)
from goproxy_operator.reconcile.decide.nudges import nudges
from goproxy_operator.reconcile.decide.plan import Orphan, Plan, make_plan, sending
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.rollouts import Rollouts, ready
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.reconcile.outcome import RETRIED, PassOutcome
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.status import compute_status, not_scraped_yet, stalled_status
from goproxy_operator.reconcile.status.writer import StatusWriter
from goproxy_operator.settings import Settings
from modproxy.contract.report import plain_text

_log = logging.getLogger(__name__)
_FAULT = (
    "the operator fails at this object, and leaves what runs as it is: {}. This is a fault of the operator, whose log "
    "has more: report it. It tries again within five minutes"
)
_ROUNDS = 6
"""How often an intent is made in one pass. Each of the three kinds of questions is open once; more is a fault."""


class _GhostError(Exception):
    """The object is gone, and no watch has told us so."""


class FleetReconciler:
    """Brings one fleet after the other to what its object asks for."""

    def __init__(
        self, observed: Observed, actions: Actions, writer: StatusWriter, rollouts: Rollouts, settings: Settings
    ) -> None:
        self._observed = observed
        self._actions = actions
        self._writer = writer
        self._rollouts = rollouts
        self._settings = settings
        self._ending: dict[Key, str] = {}
        """Objects in namespaces that are being deleted: their uid."""

    async def reconcile(self, key: Key) -> PassOutcome:
        """Bring what there is to what is asked for. Raises what is worth a retry."""
        item = self._observed.goproxies.get(key)
        if item is None or "deletionTimestamp" in item["metadata"]:
            # Owner references and the garbage collector do the rest.
            await self._forget(key)
            return PassOutcome()
        if self._ending.get(key) == item["metadata"]["uid"]:
            return PassOutcome()
        try:
            return await self._bring(key, item)
        except _GhostError:
            self._observed.goproxies.drop(key)
            return PassOutcome()
        except NamespaceEndingError as e:
            # This is no fault of the object, and nothing to wait for: the object goes with its namespace.
            _log.info("%s/%s: %s", *key, e)
            self._ending[key] = item["metadata"]["uid"]
            self._rollouts.forget(key)
            return PassOutcome()
        except RETRIED:
            # One fleet whose passes fail, for however long, must not keep all others from their roll-outs.
            self._rollouts.looked_at(key, self._observed.stateful_set(key), waits=False)
            raise
        except Exception as e:
            return await self._tell_fault(key, item, e)

    async def _bring(self, key: Key, item: Object) -> PassOutcome:
        admitted = self._observed.admit(item)
        if isinstance(admitted, Problem):
            return await self._refuse(key, item, admitted)
        facts, intent = await self._settle(key, item, admitted)
        if admitted.goproxy.spec.suspend:
            return await self._suspend(key, item, admitted.goproxy, intent)
        return await self._carry_out(key, item, admitted.goproxy, facts, intent)

    async def _settle(self, key: Key, item: Object, admitted: Admitted) -> tuple[IntentFacts, Intent]:
        """Decide, answer the first open question, and decide again, until no question is open."""
        facts = await self._observed.facts(key, admitted, self._settings)
        for _ in range(_ROUNDS):
            intent = intend(admitted.goproxy, facts)
            if not intent.questions:
                return facts, intent
            facts = await self._answer(key, item, intent.questions[0], facts)
        raise RuntimeError(f"still open after {_ROUNDS} rounds: {intent.questions}")

    async def _answer(self, key: Key, item: Object, question: Question, facts: IntentFacts) -> IntentFacts:
        match question:
            case MissingChildren(ids):
                if item.get("status", UNSEEN) != UNSEEN and not await self._observed.exists(item):
                    # A child of a dead owner would be made for the garbage collector only.
                    raise _GhostError
                return facts.with_children(ids, await self._observed.look_up(key.namespace, ids))
            case UnknownStorageClasses(storage_classes):
                return facts.with_storage_classes(await self._observed.cannot_grow(storage_classes))
            case UngrownClaims(manifests):
                return facts.with_growth(await self._actions.grow(manifests))

    async def _carry_out(
        self, key: Key, item: Object, goproxy: GoProxy, facts: IntentFacts, intent: Intent
    ) -> PassOutcome:
        refused = await self._apply(key, item, facts, intent)
        live_set = self._observed.stateful_set(key)
        idle = decide_idle(facts.claims, live_set, facts.pods, datetime.now(UTC), self._settings.keep_idle_claims)
        await self._actions.tend(idle)
        seen = replace(
            self._status_facts(key, goproxy, intent),
            config_problem=intent.config_problem,
            resizing=intent.claims.resizing,
            claim_size=intent.claims.short,
            stalled=refused or intent.claims.problem or intent.missing_apis,
        )
        known = facts.live.get(("ConfigMap", names.config_map(key.name)))
        changed = known is not None and documents_of(known).hash != intent.config_hash
        await self._actions.nudge(nudges(key.namespace, seen.replicas, intent.config_hash, changed=changed))
        outcome = await self._write_status(key, item, seen)
        growth = next_growth_look(goproxy.spec.cache.storage, self._settings.grow_after)
        return replace(outcome, stuck=seen.stalled is not None).sooner(idle.again, growth)

    async def _apply(self, key: Key, item: Object, facts: IntentFacts, intent: Intent) -> Problem | None:
        plan = make_plan(key.name, item["metadata"]["uid"], intent.children, facts.live)
        # A change that the object's user has just made does not wait for a turn.
        edited = item.get("status", {}).get("observedGeneration") != item["metadata"]["generation"]
        now_ready = ready(self._observed.stateful_set(key))
        waits = plan.rolls and not edited and not self._rollouts.turn(key, ready=now_ready)
        if waits:
            plan = plan.without_rollout()
        elif intent.hand_over:
            await self._actions.hand_over(facts.live["StatefulSet", names.stateful_set(key.name)])
        refused = await self._actions.carry_out(plan, key.namespace)
        self._rollouts.looked_at(key, self._observed.stateful_set(key), waits=waits)
        if any(isinstance(action, Orphan) for action in plan.actions):
            self._observed.reports.start_again(key)
        return plan.problem or refused

    async def _suspend(self, key: Key, item: Object, goproxy: GoProxy, intent: Intent) -> PassOutcome:
        """Change nothing of a fleet whose user wants that, but for what its class imposes."""
        self._rollouts.looked_at(key, None, waits=False)
        refused = await self._impose(key, item)
        in_force = documents_of(self._observed.config_map(key) or {}).hash
        facts = self._status_facts(key, goproxy, intent)
        return await self._write_status(
            key, item, replace(facts, config_hash=in_force, suspended=True, stalled=refused)
        )

    async def _refuse(self, key: Key, item: Object, problem: Problem) -> PassOutcome:
        """Tell why the object is not carried out; what runs is left as it is, but for what its class imposes."""
        self._rollouts.looked_at(key, None, waits=False)
        return await self._write_problem(key, item, await self._impose(key, item) or problem)

    async def _write_problem(self, key: Key, item: Object, problem: Problem) -> PassOutcome:
        generation = item["metadata"]["generation"]
        status = stalled_status(problem.reason, problem.message, generation, item.get("status", {}), datetime.now(UTC))
        return await self._writer.write(key, item, status)

    async def _tell_fault(self, key: Key, item: Object, fault: Exception) -> PassOutcome:
        """Tell on the object what no code foresaw: only its user knows what is unusual about it."""
        FAULTS.inc()
        _log.error("%s/%s: a fault of the operator", *key, exc_info=fault)
        told = Problem("OperatorFault", _FAULT.format(plain_text(f"{type(fault).__name__}: {fault}")))
        try:
            await self._refuse(key, item, told)
        except (*RETRIED, NamespaceEndingError):
            raise
        except Exception:
            # What stands in the way of the pass may stand in the way of what the class imposes, too.
            await self._write_problem(key, item, told)
        return PassOutcome(stuck=True)

    async def _impose(self, key: Key, item: Object) -> Problem | None:
        """Put what the class imposes into the config of a fleet of which nothing else is carried out."""
        classes = self._observed.classes
        live = self._observed.config_map(key)
        manifest = imposing(item, live, classes.classes, classes.labels(key.namespace))
        if manifest is None:
            return None
        refused = await self._actions.carry_out(Plan(sending(manifest, live)), key.namespace)
        in_force, found = documents_of(manifest).hash, self._observed.replicas(key)
        await self._actions.nudge(nudges(key.namespace, found, in_force, changed=refused is None))
        return refused

    def _status_facts(self, key: Key, goproxy: GoProxy, intent: Intent) -> StatusFacts:
        return StatusFacts(
            goproxy=goproxy,
            stateful_set=self._observed.stateful_set(key),
            autoscaler=self._observed.autoscaler(key, intent.ids),
            replicas=self._observed.replicas(key),
            config_hash=intent.config_hash,
            autoscaling_problem=intent.autoscaling_problem,
        )

    async def _write_status(self, key: Key, item: Object, facts: StatusFacts) -> PassOutcome:
        previous = item.get("status", {})
        status = compute_status(facts, previous, datetime.now(UTC))
        if not self._observed.reports.scraped(key):
            status = not_scraped_yet(status, previous)
        return await self._writer.write(key, item, status)

    async def _forget(self, key: Key) -> None:
        await self._observed.forget(key)
        self._rollouts.forget(key)
        self._writer.forget(key)
        self._ending.pop(key, None)
