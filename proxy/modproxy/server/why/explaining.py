"""Puts the answer to `why` together: the checks of requests in their order, the judge, and where a version is held."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from modproxy.cache.sharing import may_ask_what_is_held
from modproxy.contract.config import Verb
from modproxy.contract.report import Outage
from modproxy.contract.why import Check, Decision, Outcome, Route, Step, Why
from modproxy.facts.examining import examine, not_reached, outcome_of, unexamined
from modproxy.facts.judge import Judge
from modproxy.facts.known_answers import named_version
from modproxy.fleet.peers import Peers
from modproxy.fleet.rendezvous import subject_of
from modproxy.identity.principal import Principal
from modproxy.in_force import Rules
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, is_canonical
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.request import Request
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.refusals import (
    CHECKS,
    Refusal,
    check_access,
    check_imposed,
    check_path,
    check_policy,
    module_of,
    refuse_fetch,
)
from modproxy.server.decide.refusals import (
    Check as RequestCheck,
)
from modproxy.server.reply import Reply
from modproxy.server.why.copies import FILES, Holding, Places, holding
from modproxy.server.why.question import Question, in_words
from modproxy.server.why.route import Others, failures_of, route_of, steps_of
from modproxy.source.protocol import SourceError
from modproxy.store.protocol import LARGEST_BODY
from modproxy.via import ViaEntry

NAMES: dict[RequestCheck, str] = {check_imposed: "class", check_access: "access", check_policy: "modules"}
"""What the checks of requests are called in the answer. `check_path` is none of policy."""
_FETCH = "fetch"
_OF_VERSIONS = (RuleKind.VULNERABILITIES.value, RuleKind.AGE.value, RuleKind.LICENSES.value)
_UNRESOLVED = "which version is meant is not held here: it becomes known when somebody fetches it"
_JUDGED_FIRST = "what is known of the version refuses it already: see below"
_NO_VERSION = "it is decided for each version: name one"

Held = Callable[[Request, Rules], Awaitable[Reply]]
"""Answers a request as a GET, with what this replica holds. The caller closes the reply."""


@dataclass(frozen=True, slots=True)
class WhyParts:
    """Carries what the answer is made of."""

    own: ViaEntry
    held: Held
    places: Places
    peers: Peers | None
    outages: Callable[[], tuple[Outage, ...]]


@dataclass(frozen=True, slots=True)
class _Meant:
    """Says which version a question means."""

    version: Target | None = None
    """The `.info` of the version; None where no version is asked for, or where only a fetch can tell which one."""
    refused: RuleRefusal | None = None
    """Why none of the versions that the query could mean may be had."""
    notes: tuple[str, ...] = ()


class _Told:
    """Collects the checks, and the first refusal that is carried out."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.by: RuleRefusal | None = None
        self.name = ""

    def passes(self, name: str, reason: str, rule: str = "") -> None:
        self.checks.append(Check(name=name, outcome=Outcome.PASSES, reason=reason, rule=rule))

    def off(self, name: str, reason: str) -> None:
        self.checks.append(Check(name=name, outcome=Outcome.NOT_CONFIGURED, reason=reason))

    def refuses(self, name: str, by: RuleRefusal) -> None:
        # Where modules are hidden, a refusal says no more than that there is nothing.
        hidden = by.status == HTTPStatus.NOT_FOUND
        reason = by.text.partition("\n")[0] if hidden else by.rule
        outcome = outcome_of(by.mode)
        self.checks.append(Check(name=name, outcome=outcome, reason=reason, rule="" if hidden else by.rule))
        if by.enforced and self.by is None:
            self.by, self.name = by, name


class Explainer:
    """Explains under the rules of one moment."""

    def __init__(self, parts: WhyParts) -> None:
        self._parts = parts

    async def explain(
        self, question: Question, principal: Principal, rules: Rules, *, keeper: bool = False
    ) -> Why | Refusal:
        """Return the answer for a principal.

        Where the principal may not read the module, it is the refusal that a GET gets, so that nothing more is told.
        `keeper` says that the keepers of the fleet ask, who may know all. A path without a target is a refusal for
        them too.
        """
        arrival = Arrival("GET", question.target, question.fault, principal=principal)
        told = _Told()
        for check in CHECKS:
            refusal = check(arrival, rules, self._parts.own)
            if check is check_path:
                if refusal is not None:
                    return refusal
                continue
            name = NAMES[check]
            if told.by is not None:
                told.checks.append(not_reached(name))
            elif refusal is None or refusal.by is None:
                self._passed(told, name, arrival, rules)
            else:
                if check is check_access and refusal.enforced and not keeper:
                    return refusal
                told.refuses(name, refusal.by)
        may_read = Verb.READ in rules.permissions.rights(principal, question.module)
        named = keeper or rules.permissions.tells_names(principal)
        if not isinstance(question.target, Target):
            raise AssertionError("a path without a target is refused")
        if not may_read:
            told.checks += [not_reached(name) for name in (_FETCH, *_OF_VERSIONS)]
            return _why(question, principal, rules, told, Decision.REFUSED)
        return await self._of(question, question.target, arrival, rules, told, named=named)

    def _passed(self, told: _Told, name: str, arrival: Arrival, rules: Rules) -> None:
        target = arrival.target
        if not isinstance(target, Target):
            return
        if name == "class":
            by = rules.policy.imposes
            told.passes(name, f"{by} allows it", by) if by else told.off(name, "nothing is imposed on this fleet")
        elif name == "access":
            rule = rules.permissions.rights(arrival.principal, target.path).get(Verb.READ, "")
            if rules.config.access is None:
                told.off(name, "access is not configured: everybody may read and fetch")
            else:
                told.passes(name, f"{rule} grants read", rule)
        else:
            rule = rules.policy.allowed_by(target.path)
            told.passes(name, rule, rule) if rule else told.off(name, "modules.allow and modules.deny are empty")

    async def _of(
        self, question: Question, target: Target, arrival: Arrival, rules: Rules, told: _Told, *, named: bool
    ) -> Why:
        meant = await self._meant(target, rules) if told.by is None or target.immutable else _Meant()
        held = Holding()
        if meant.version is not None:
            held = await holding(self._parts.places, rules, meant.version, named=named)
        elif target.kind is Kind.LIST and await self._parts.places.store.look(target.key) is not None:
            held = Holding(lacking=())
        if told.by is not None:
            told.checks.append(not_reached(_FETCH))
        elif refuse_fetch(arrival, rules) is not None and await self._is_judged_first(rules, meant, held):
            told.checks.append(Check(name=_FETCH, outcome=Outcome.NOT_REACHED, reason=_JUDGED_FIRST))
        else:
            self._fetch(told, arrival, rules, meant, held)
        # Of what is not held, a GET of somebody who may not have it fetched asks the checksum database nothing either.
        asks_log = len(held.lacking) < len(FILES) or refuse_fetch(arrival, rules) is None
        await self._judge(told, target, rules, meant, held, asks_log=asks_log)
        decision = Decision.ALLOWED
        if told.by is not None:
            decision = Decision.REFUSED
        elif any(check.outcome is Outcome.UNKNOWN for check in told.checks):
            decision = Decision.UNKNOWN
        route: Route | None = None
        steps: tuple[Step, ...] = ()
        if rules.layout is not None and told.by is None:
            route = route_of(target.path, rules.layout, rules.hosting)
            others = self._others(target)
            steps = steps_of(target.path, rules.layout, rules.hosting, others, mixed=held.mixed, named=named)
        why = _why(question, arrival.principal, rules, told, decision)
        return why.model_copy(
            update={
                "resolved": meant.version.version if meant.version is not None else "",
                "route": route,
                "steps": steps,
                "held": held.copies,
                "failures": failures_of(steps, self._parts.outages(), target.path),
                "notes": (*meant.notes, *held.notes),
            }
        )

    async def _meant(self, target: Target, rules: Rules) -> _Meant:
        """Find out which version is meant, as far as it is held here."""
        if target.kind is Kind.LIST:
            return _Meant()
        if target.kind is Kind.INFO:
            return _Meant(target)
        reply = await self._parts.held(Request(target), rules)
        try:
            if reply.by is not None and reply.by.enforced:
                return _Meant(refused=reply.by)
            if reply.error is not None and not reply.lacking:
                return _Meant(notes=(reply.error.text.partition("\n")[0],))
            body = (reply.answer.body or b"") if reply.answer is not None else b""
            if not body and reply.file is not None:
                body = await asyncio.to_thread(reply.file.read, LARGEST_BODY)
        finally:
            reply.close()
        named = named_version(body)
        if not is_canonical(named):
            return _Meant(notes=(_UNRESOLVED,))
        return _Meant(Target(target.path, Version(named), Kind.INFO))

    async def _is_judged_first(self, rules: Rules, meant: _Meant, held: Holding) -> bool:
        """Say whether the judge refuses before it matters who may have something fetched: what is held is judged, and
        what was judged before.
        """
        judge = rules.judge.of_held if rules.judge is not None else None
        if judge is None or meant.version is None or not held.lacking:
            return False
        path, version = meant.version.path, meant.version.version
        if len(held.lacking) == len(FILES):
            kept = judge.at_once(path, version)
            return kept is not None and kept.refused
        return any(check.outcome is Outcome.REFUSES for check in await examine(judge, path, version))

    def _fetch(self, told: _Told, arrival: Arrival, rules: Rules, meant: _Meant, held: Holding) -> None:
        """Check the right to have what is fetched that is not held."""
        if rules.config.access is None:
            told.off(_FETCH, "access is not configured: everybody may read and fetch")
            return
        refusal = refuse_fetch(arrival, rules)
        if refusal is None or refusal.by is None:
            rule = rules.permissions.rights(arrival.principal, module_of(arrival.target)).get(Verb.FETCH, "")
            told.passes(_FETCH, f"{rule} grants fetch", rule)
        elif not held.lacking:
            told.passes(_FETCH, "it may not be fetched for this principal, and need not be: all of it is held")
        elif meant.version is not None and may_ask_what_is_held(
            Request(meant.version), self._parts.peers, hosted=held.asked_in_vain
        ):
            lacks = ", ".join(kind.value for kind in held.lacking)
            reason = (
                f"it may not be fetched for this principal, and this replica lacks {lacks}: another one may have it"
            )
            told.checks.append(Check(name=_FETCH, outcome=Outcome.UNKNOWN, reason=reason))
        else:
            told.refuses(_FETCH, refusal.by)

    async def _judge(
        self, told: _Told, target: Target, rules: Rules, meant: _Meant, held: Holding, *, asks_log: bool
    ) -> None:
        """Add what the judge says of the version."""
        judge = rules.judge.of_held if rules.judge is not None else None
        if told.by is not None:
            told.checks += [not_reached(name) for name in _OF_VERSIONS]
        elif meant.refused is not None:
            for name in _OF_VERSIONS:
                if name == meant.refused.kind:
                    told.refuses(name, meant.refused)
                else:
                    told.checks.append(not_reached(name))
        elif meant.version is None:
            listed = target.kind is Kind.LIST
            outcome, reason = (Outcome.NOT_REACHED, _NO_VERSION) if listed else (Outcome.UNKNOWN, _UNRESOLVED)
            told.checks += unexamined(judge, outcome, reason)
        else:
            path, version = meant.version.path, meant.version.version
            if (
                judge is not None
                and judge.licenses is not None
                and judge.licenses.lacks(path, version)
                and held.has_zip
            ):
                # Its licences are found as when somebody asks for it.
                zipped = Target(path, Version(version), Kind.ZIP)
                (await self._parts.held(Request(zipped), rules)).close()
            checks = await examine(judge, path, version, asks_log=asks_log)
            told.checks += checks
            if judge is not None and any(check.outcome is Outcome.REFUSES for check in checks):
                refusing = next(check for check in checks if check.outcome is Outcome.REFUSES)
                told.by = await self._in_words(judge, path, version, refusing)
                told.name = refusing.name

    async def _in_words(self, judge: Judge, path: ModulePath, version: str, refusing: Check) -> RuleRefusal:
        """Return the refusal as a request gets it."""
        with contextlib.suppress(SourceError):
            for refusal in (await judge.decide(path, version)).refusals:
                if refusal.enforced and refusal.kind == refusing.name:
                    return refusal
        # What tells it has ceased to answer, or tells otherwise since.
        text = f"forbidden: {path}@{version}\nreason: {refusing.reason}\nrule: {refusing.rule}\n"
        return RuleRefusal(RuleKind(refusing.name), refusing.rule, text)

    def _others(self, target: Target) -> Others:
        peers = self._parts.peers
        if peers is None or not peers.members.live:
            return Others()
        owner = peers.owner(subject_of(target.key))
        return Others(shared=True, owner=owner.name if owner is not None else "")


def _why(question: Question, principal: Principal, rules: Rules, told: _Told, decision: Decision) -> Why:
    by = told.by
    hidden = by is not None and by.status == HTTPStatus.NOT_FOUND
    return Why(
        module=question.module,
        version=question.version,
        fleet=rules.config.fleet or "",
        principal=in_words(principal),
        decision=decision,
        status=by.status if by is not None else None,
        by=told.name if by is not None and not hidden else None,
        text=by.text if by is not None else "",
        checks=tuple(told.checks),
    )
