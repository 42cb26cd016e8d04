"""One pass over one object: observe, decide, act, and write the status. Thin: each decision is a pure module's."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from goproxy_operator.api.goproxy import GoProxy, Metadata
from goproxy_operator.api.spec import GoProxySpec
from goproxy_operator.desired.config_map import documents_of
from goproxy_operator.kube.errors import NamespaceEndingError
from goproxy_operator.kube.resources import Key, Object, log_fields
from goproxy_operator.metrics import FAULTS
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.carrying_out import CarryingOut, GhostError
from goproxy_operator.reconcile.decide.audit import Verdict
from goproxy_operator.reconcile.decide.claims import next_growth_look
from goproxy_operator.reconcile.decide.classes import Admitted
from goproxy_operator.reconcile.decide.idle_claims import decide_idle
from goproxy_operator.reconcile.decide.in_force import (
    FAULT,
    REFUSED,
    GenerationInForce,
    is_suspended,
    newest,
)
from goproxy_operator.reconcile.decide.intent import Intent, IntentFacts
from goproxy_operator.reconcile.decide.plan import ChildId
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.rollouts import Rollouts
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.reconcile.outcome import RETRIED, PassOutcome
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.reconcile.status.status import compute_status, not_scraped_yet, refused_status, stalled_status
from goproxy_operator.reconcile.status.writer import StatusWriter
from goproxy_operator.reconcile.troubles import Troubles
from goproxy_operator.settings import Settings
from modproxy.contract.report_fields import plain_text

_log = logging.getLogger(__name__)
_FAULT = (
    "the operator fails at this object, and leaves what runs as it is: {}. This is a fault of the operator, whose log "
    "has more: report it. It tries again within five minutes"
)


class FleetReconciler:
    """Brings one fleet after the other to what its object asks for."""

    def __init__(
        self, observed: Observed, actions: Actions, writer: StatusWriter, rollouts: Rollouts, settings: Settings
    ) -> None:
        self._observed = observed
        self._troubles = Troubles(observed, time.monotonic)
        self._actions = actions
        self._writer = writer
        self._rollouts = rollouts
        self._generations = observed.generations
        self._settings = settings
        self._carrying_out = CarryingOut(observed, actions, rollouts, settings)
        self._ending: dict[Key, str] = {}
        """Objects in namespaces that are being deleted: their uid."""

    async def reconcile(self, key: Key) -> PassOutcome:
        """Bring what there is to what is asked for. Raises what is worth a retry."""
        await self._observed.families.settle(self._observed.relative)
        item = self._observed.goproxies.get(key)
        if item is None or "deletionTimestamp" in item["metadata"]:
            # Owner references and the garbage collector do the rest.
            await self._forget(key)
            if item is not None:
                self._observed.verdicts.unknown(key)
            return PassOutcome()
        if self._ending.get(key) == item["metadata"]["uid"]:
            return PassOutcome()
        if self._observed.classes.ending(key.namespace):
            return self._leave(key, item)
        try:
            return await self._bring(key, item)
        except GhostError:
            self._observed.goproxies.drop(key)
            return PassOutcome()
        except NamespaceEndingError:
            return self._leave(key, item)
        except RETRIED:
            # One fleet whose passes fail, for however long, must not keep all others from their roll-outs.
            self._observed.verdicts.unknown(key)
            self._rollouts.looked_at(key, self._observed.stateful_set(key), waits=False)
            raise
        except Exception as e:
            return await self._tell_fault(key, item, e)

    def _leave(self, key: Key, item: Object) -> PassOutcome:
        """Leave an object alone that goes with its namespace: nothing can be made there, now or later."""
        _log.info("%s/%s: its namespace is being deleted; the fleet is left to go with it", *key, extra=log_fields(key))
        self._ending[key] = item["metadata"]["uid"]
        self._rollouts.forget(key)
        return PassOutcome()

    async def _bring(self, key: Key, item: Object) -> PassOutcome:
        admitted = self._observed.admit(item)
        self._observed.verdicts.note(key, self._observed.judge(item, admitted))
        if isinstance(admitted, Problem):
            return await self._refuse(key, item, admitted)
        facts, intent = await self._carrying_out.settle(key, item, admitted)
        if admitted.goproxy.spec.suspend:
            return await self._suspend(key, item, admitted.goproxy, intent)
        return await self._carry_out(key, item, admitted, facts, intent)

    async def _carry_out(
        self, key: Key, item: Object, admitted: Admitted, facts: IntentFacts, intent: Intent
    ) -> PassOutcome:
        goproxy = admitted.goproxy
        edited = item.get("status", {}).get("observedGeneration") != item["metadata"]["generation"]
        in_the_way, refused = await self._carrying_out.apply(key, item, facts, intent, edited=edited)
        in_force = None
        if refused:
            found = self._generations.in_force(key, item)
            if found is not None and found.generation != item["metadata"]["generation"]:
                in_force = found
                await self._carrying_out.repair(key, item, found, only=refused)
        else:
            self._generations.carried_out(key, item, admitted, self._observed.goproxies.get)
        live_set = self._observed.stateful_set(key)
        idle = decide_idle(facts.claims, live_set, facts.pods, datetime.now(UTC), self._settings.keep_idle_claims)
        await self._actions.tend(idle)
        seen = replace(
            self._status_facts(key, goproxy, intent),
            config_problem=intent.config_problem,
            resizing=intent.claims.resizing,
            stalled=in_the_way or _refusal(refused) or intent.claims.problem or intent.missing_apis,
            in_force=in_force,
        )
        await self._carrying_out.nudge(key, facts, intent.config_hash)
        outcome = await self._write_status(key, item, seen)
        growth = next_growth_look(goproxy.spec.cache.storage, self._settings.grow_after)
        return replace(outcome, stuck=seen.stalled is not None).sooner(idle.again, growth)

    async def _suspend(self, key: Key, item: Object, goproxy: GoProxy, intent: Intent) -> PassOutcome:
        """Change nothing of a fleet whose user wants that, but for what its class imposes."""
        self._rollouts.looked_at(key, None, waits=False)
        refused = await self._carrying_out.impose(key, item)
        facts = replace(
            self._status_facts(key, goproxy, intent),
            config_hash=self._config_hash(key),
            suspended=True,
            stalled=_refusal(refused),
            in_force=self._generations.in_force(key, item),
        )
        return await self._write_status(key, item, facts)

    async def _refuse(self, key: Key, item: Object, problem: Problem) -> PassOutcome:
        """Tell why the object is not carried out, and repair what is in force, with what its class imposes."""
        in_force = self._generations.in_force(key, item)
        repaired = None
        if not (is_suspended(item) or _fails(item, problem, in_force)):
            repaired = await self._carrying_out.repair(key, item, in_force)
        if repaired is None:
            self._rollouts.looked_at(key, None, waits=False)
            refused = await self._carrying_out.impose(key, item)
        else:
            refused = repaired.refused
        goproxy = _unread(item) if repaired is None else newest(item, repaired.goproxy)
        facts = replace(
            self._status_facts(key, goproxy, None if repaired is None else repaired.intent),
            config_hash=self._config_hash(key),
            stalled=_besides(problem, _refusal(refused)),
            refused=True,
            suspended=is_suspended(item),
            in_force=in_force,
            repaired=repaired is not None,
        )
        outcome = await self._write_status(key, item, facts)
        return replace(outcome, stuck=bool(refused))

    async def _tell_fault(self, key: Key, item: Object, fault: Exception) -> PassOutcome:
        """Tell on the object what no code foresaw: only its user knows what is unusual about it."""
        FAULTS.inc()
        _log.error("%s/%s: a fault of the operator", *key, exc_info=fault, extra=log_fields(key))
        told = Problem("OperatorFault", _FAULT.format(plain_text(f"{type(fault).__name__}: {fault}")))
        try:
            await self._refuse(key, item, told)
        except (*RETRIED, NamespaceEndingError):
            raise
        except Exception:
            # What stands in the way of the pass may stand in the way of repairing what is in force, too.
            status = stalled_status(told, item["metadata"]["generation"], item.get("status", {}), datetime.now(UTC))
            await self._writer.write(key, item, status)
        return PassOutcome(stuck=True)

    def _status_facts(self, key: Key, goproxy: GoProxy, intent: Intent | None) -> StatusFacts:
        return StatusFacts(
            goproxy=goproxy,
            stateful_set=self._observed.stateful_set(key),
            autoscaler=self._observed.autoscaler(key, intent.ids if intent is not None else ()),
            replicas=self._observed.replicas(key),
            config_hash=intent.config_hash if intent is not None else "",
            autoscaling_problem=intent.autoscaling_problem if intent is not None else None,
            claim_size=intent.claims.short if intent is not None else None,
            verdict=self._observed.verdicts.found.get(key, Verdict()),
            family=self._observed.families.of(key),
        )

    def _config_hash(self, key: Key) -> str:
        return documents_of(self._observed.config_map(key) or {}).hash

    async def _write_status(self, key: Key, item: Object, facts: StatusFacts) -> PassOutcome:
        previous, compute = item.get("status", {}), refused_status if facts.refused else compute_status
        trouble, again = await self._troubles.find(key, facts, previous)
        now = datetime.now(UTC)
        status = compute(replace(facts, trouble=trouble, now=now.timestamp()), previous, now)
        if not self._observed.reports.scraped(key):
            status = not_scraped_yet(status, previous)
        return (await self._writer.write(key, item, status)).sooner(again)

    async def _forget(self, key: Key) -> None:
        await self._observed.forget(key)
        self._troubles.forget(key)
        self._rollouts.forget(key)
        self._observed.verdicts.forget(key)
        self._writer.forget(key)
        self._ending.pop(key, None)


def _refusal(refused: Mapping[ChildId, str]) -> Problem | None:
    return Problem(REFUSED, f"the API server refused: {'; '.join(refused.values())}") if refused else None


def _besides(problem: Problem, refusal: Problem | None) -> Problem:
    if refusal is None:
        return problem
    return replace(problem, message=f"{problem.message}; nor is all repaired that is in force: {refusal.message}")


def _fails(item: Object, problem: Problem, in_force: GenerationInForce | None) -> bool:
    """Say whether the operator has just failed at what is in force, so that it would fail once more."""
    return problem.reason == FAULT and in_force is not None and in_force.generation == item["metadata"]["generation"]


def _unread(item: Object) -> GoProxy:
    """Return a fleet of which nothing but the identity is known."""
    known = {key: item["metadata"].get(key) for key in ("name", "namespace", "uid", "generation")}
    return GoProxy.model_construct(metadata=Metadata.model_construct(**known), spec=GoProxySpec())
