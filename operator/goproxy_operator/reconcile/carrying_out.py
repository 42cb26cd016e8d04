"""Brings the world to what is in force of one fleet: asks, decides, applies. Thin: each decision is a pure module's."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from goproxy_operator.api.goproxy import GoProxy
from goproxy_operator.api.status import UNSEEN
from goproxy_operator.desired import names
from goproxy_operator.desired.config_map import documents_of
from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.reconcile.actions import Actions
from goproxy_operator.reconcile.decide.classes import Admitted
from goproxy_operator.reconcile.decide.imposed import imposing
from goproxy_operator.reconcile.decide.in_force import GenerationInForce
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
from goproxy_operator.reconcile.decide.plan import ChildId, Orphan, Plan, make_plan, sending
from goproxy_operator.reconcile.decide.problem import Problem
from goproxy_operator.reconcile.decide.rollouts import Rollouts, ready
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.settings import Settings

_ROUNDS = 6
"""How often an intent is made in one pass. Each of the three kinds of questions is open once; more is a fault."""

_NO_GROWTH = "what is in force is not admitted by its class any more, and so does not grow"


class GhostError(Exception):
    """The object is gone, and no watch has told us so."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What is in force of a fleet, and what the API server refused of it."""

    goproxy: GoProxy
    intent: Intent
    refused: Mapping[ChildId, str]


class CarryingOut:
    """Carries out what is decided of fleets."""

    def __init__(self, observed: Observed, actions: Actions, rollouts: Rollouts, settings: Settings) -> None:
        self._observed = observed
        self._actions = actions
        self._rollouts = rollouts
        self._settings = settings

    async def settle(
        self, key: Key, item: Object, admitted: Admitted, growth_refusal: str | None = None
    ) -> tuple[IntentFacts, Intent]:
        """Decide, answer the first open question, and decide again, until no question is open.

        With a `growth_refusal` no claim is made larger.
        """
        facts = await self._observed.facts(key, admitted, self._settings)
        if growth_refusal is not None:
            facts = facts.without_growth(growth_refusal)
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
                    raise GhostError
                return facts.with_children(ids, await self._observed.look_up(key, ids))
            case UnknownStorageClasses(storage_classes):
                return facts.with_storage_classes(await self._observed.cannot_grow(storage_classes))
            case UngrownClaims(manifests):
                return facts.with_growth(await self._actions.grow(manifests))

    async def apply(
        self,
        key: Key,
        item: Object,
        facts: IntentFacts,
        intent: Intent,
        *,
        edited: bool = False,
        only: Collection[ChildId] | None = None,
    ) -> tuple[Problem | None, Mapping[ChildId, str]]:
        """Apply the children, or `only` some; return what is in the way, and what the API server refuses for good.

        A change that the object's user has just `edited` does not wait for a turn to roll.
        """
        plan = make_plan(key.name, item["metadata"]["uid"], intent.children, facts.live)
        if only is not None:
            plan = plan.about(only)
        now_ready = ready(self._observed.stateful_set(key))
        waits = plan.rolls and not edited and not self._rollouts.turn(key, ready=now_ready)
        if waits:
            plan = plan.without_rollout()
        elif intent.hand_over and only is None:
            await self._actions.hand_over(facts.live["StatefulSet", names.stateful_set(key.name)])
        refused = await self._actions.carry_out(plan, key.namespace)
        self._rollouts.looked_at(key, self._observed.stateful_set(key), waits=waits)
        if any(isinstance(action, Orphan) for action in plan.actions):
            self._observed.reports.start_again(key)
        return plan.problem, refused

    async def repair(
        self, key: Key, item: Object, in_force: GenerationInForce | None, *, only: Collection[ChildId] | None = None
    ) -> "Repaired | None":
        """Put back what others changed of the generation in force, or of `only` some children of it.

        Return None where nobody knows what to put back.
        """
        known = self._observed.restored(item, in_force)
        if known is None:
            return None
        facts, intent = await self.settle(key, item, known.admitted, None if known.whole else _NO_GROWTH)
        intent = replace(intent, children=known.repairs(intent.children, facts.live))
        _, refused = await self.apply(key, item, facts, intent, only=only)
        if only is None:
            await self.nudge(key, facts, intent.config_hash)
        return Repaired(known.admitted.goproxy, intent, refused)

    async def nudge(self, key: Key, facts: IntentFacts, config_hash: str) -> None:
        """Make the replicas take a config that has just become another one."""
        known = facts.live.get(("ConfigMap", names.config_map(key.name)))
        changed = known is not None and documents_of(known).hash != config_hash
        await self._actions.nudge(nudges(key.namespace, self._observed.replicas(key), config_hash, changed=changed))

    async def impose(self, key: Key, item: Object) -> Mapping[ChildId, str]:
        """Put what the class imposes into the config of a fleet of which nothing else is carried out."""
        classes = self._observed.classes
        live = self._observed.config_map(key)
        manifest = imposing(item, live, classes.classes, classes.labels(key.namespace))
        if manifest is None:
            return {}
        refused = await self._actions.carry_out(Plan(sending(manifest, live)), key.namespace)
        in_force, found = documents_of(manifest).hash, self._observed.replicas(key)
        await self._actions.nudge(nudges(key.namespace, found, in_force, changed=not refused))
        return refused
