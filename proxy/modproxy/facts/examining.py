"""How a version fares with each rule about what is known of it: for people, who ask why a version may be had too.

The judge decides by the same three questions, in the same order. Nothing is asked of the world that a real request of
somebody would not ask for whom nothing is fetched.
"""

import contextlib
import time

from modproxy.contract.config import PolicyMode
from modproxy.contract.why import MOST_LICENSES, MOST_VULNERABILITIES, Check, Outcome, Vulnerability
from modproxy.facts.judge import Fault, Judge
from modproxy.facts.known_answers import claimed_time
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.policy.decision import RuleKind
from modproxy.source.protocol import NotFound, NotHeld, SourceError

_ORDER = (RuleKind.VULNERABILITIES, RuleKind.AGE, RuleKind.LICENSES)
_WHEN_FETCHED = "it becomes known when somebody fetches it"


async def examine(judge: Judge | None, path: ModulePath, version: str, *, asks_log: bool = True) -> tuple[Check, ...]:
    """Return the checks of a version. `judge` is one that fetches nothing (`Judge.of_held`).

    `asks_log` says whether the checksum database may be asked: it learns the name, and what nobody asked it before gets
    a record in its log for ever.
    """
    checks: list[Check] = []
    for kind in _ORDER:
        if any(check.outcome is Outcome.REFUSES for check in checks):
            checks.append(not_reached(kind.value))
        elif judge is None:
            checks.append(Check(name=kind.value, outcome=Outcome.NOT_CONFIGURED, reason=_off(kind)))
        elif kind is RuleKind.VULNERABILITIES:
            checks.append(_vulnerabilities(judge, path, version))
        elif kind is RuleKind.AGE:
            checks.append(await _age(judge, path, version, asks_log=asks_log))
        else:
            checks.append(_licenses(judge, path, version))
    return tuple(checks)


def unexamined(judge: Judge | None, outcome: Outcome, reason: str) -> tuple[Check, ...]:
    """Return the checks where no version can be looked at: those that are configured have this outcome."""
    configured = {
        RuleKind.VULNERABILITIES: judge is not None and judge.vulnerabilities is not None,
        RuleKind.AGE: judge is not None and judge.asks_age,
        RuleKind.LICENSES: judge is not None and judge.licenses is not None,
    }
    return tuple(
        Check(name=kind.value, outcome=outcome, reason=reason)
        if configured[kind]
        else Check(name=kind.value, outcome=Outcome.NOT_CONFIGURED, reason=_off(kind))
        for kind in _ORDER
    )


def not_reached(name: str) -> Check:
    """Make the check that an earlier refusal leaves out."""
    return Check(name=name, outcome=Outcome.NOT_REACHED, reason="an earlier check refuses already")


def outcome_of(mode: PolicyMode) -> Outcome:
    """Return how a refusal in this mode ends."""
    return Outcome.REFUSES if mode is PolicyMode.ENFORCE else Outcome.WOULD_REFUSE


def _off(kind: RuleKind) -> str:
    return {
        RuleKind.VULNERABILITIES: "modules.denyVulnerable is not set",
        RuleKind.AGE: "modules.minimumAge is not set",
        RuleKind.LICENSES: "modules.licenses has no rule",
    }[kind]


def _by(fault: Fault) -> dict[str, object]:
    return {"outcome": outcome_of(fault.mode), "reason": fault.reason, "rule": fault.rule}


def _vulnerabilities(judge: Judge, path: ModulePath, version: str) -> Check:
    name, rule = RuleKind.VULNERABILITIES, judge.vulnerabilities
    if rule is None:
        return Check(name=name, outcome=Outcome.NOT_CONFIGURED, reason=_off(name))
    if rule.table is None:
        return Check(name=name, outcome=Outcome.PASSES, reason="there is no vulnerability database yet")
    known = tuple(
        Vulnerability(id=one.id, refuses=counts, fixed=one.fixes[:MOST_VULNERABILITIES])
        for one, counts in rule.known(path, version)
    )[:MOST_VULNERABILITIES]
    fault = judge.by_vulnerability(path, version)
    if fault is not None:
        return Check.model_validate({"name": name.value, "vulnerabilities": known, **_by(fault)})
    state = f"the database of {rule.table.modified or 'an unknown day'}"
    reason = (
        f"{state} knows some, and the fleet's rules do not count them: no reviewed one that a version ends"
        if known
        else f"{state} knows none"
    )
    return Check(name=name, outcome=Outcome.PASSES, reason=reason, vulnerabilities=known)


async def _age(judge: Judge, path: ModulePath, version: str, *, asks_log: bool) -> Check:
    name = RuleKind.AGE
    if not judge.asks_age:
        return Check(name=name, outcome=Outcome.NOT_CONFIGURED, reason=_off(name))
    published = await _published(judge, path, version)
    if not judge.waits(path):
        reason = "modules.minimumAgeExclude has a pattern that matches it"
        return Check(name=name, outcome=Outcome.PASSES, reason=reason, published=published)
    if not asks_log and judge.has_to_ask_log(path, version):
        return _unknown(judge, "its age is told by the checksum database, which is asked when somebody fetches it")
    try:
        fault = await judge.by_age(path, version)
    except NotHeld:
        return _unknown(judge, f"its age is told by its .info, which is not held: {_WHEN_FETCHED}")
    except NotFound:
        return _unknown(judge, "there is no such version")
    except SourceError:
        return _unknown(judge, "nobody can tell its age at this moment: what would tell it gives no answer")
    if fault is not None:
        return Check.model_validate({"name": name.value, "published": published, **_by(fault)})
    return Check(name=name, outcome=Outcome.PASSES, reason="it is old enough", rule=judge.age_rule, published=published)


def _unknown(judge: Judge, reason: str) -> Check:
    """Make the check of an age that is not known. In DryRun that keeps nobody from anything."""
    enforced = judge.age_mode is PolicyMode.ENFORCE
    outcome = Outcome.UNKNOWN if enforced else Outcome.PASSES
    return Check(name=RuleKind.AGE, outcome=outcome, reason=reason, rule=judge.age_rule)


async def _published(judge: Judge, path: ModulePath, version: str) -> str | None:
    with contextlib.suppress(SourceError):
        at = claimed_time(await judge.answers.read_held(Target(path, Version(version), Kind.INFO)))
        if at is not None:
            return moment(at)
    return None


def moment(at: float) -> str | None:
    """Write a time in seconds since the epoch; None for one that no calendar has."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)) if 0 <= at < 2**37 else None


def _licenses(judge: Judge, path: ModulePath, version: str) -> Check:
    name, licenses = RuleKind.LICENSES, judge.licenses
    if licenses is None:
        return Check(name=name, outcome=Outcome.NOT_CONFIGURED, reason=_off(name))
    found = licenses.known(path, version)
    if found is None:
        outcome = Outcome.UNKNOWN if licenses.mode is PolicyMode.ENFORCE else Outcome.PASSES
        reason = "the licences in its zip are not known: they become known when somebody fetches the zip"
        return Check(name=name, outcome=outcome, reason=reason)
    fault = judge.by_license(path, version)
    told = found[:MOST_LICENSES]
    if fault is not None:
        return Check.model_validate({"name": name.value, "licenses": told, **_by(fault)})
    reason = "its zip has " + (" and ".join(told) if told else "no licence file, which modules.licenses.unknown allows")
    return Check(name=name, outcome=Outcome.PASSES, reason=reason, licenses=told)
