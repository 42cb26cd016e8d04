"""What the classes say of a fleet, for their status, and what a dry run of classes would refuse. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from goproxy_operator.api.class_status import BREACH_LENGTH, MOST_BREACHES
from goproxy_operator.api.goproxyclass import CLASS_KIND, FleetClass
from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.reconcile.decide.classes import Admitted, Classes, admit, choose_class
from goproxy_operator.reconcile.decide.problem import Problem
from modproxy.contract.report_fields import plain_text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is told of one fleet on its classes."""

    classes: tuple[str, ...] = ()
    """The classes that the fleet is of, were none a dry run; all dry runs, if it were of no class."""
    refused: Problem | None = None
    """Why the classes refuse it, or would."""
    audit: Problem | None = None
    """Why only a dry run would refuse it."""


def judge(item: Object, outcome: Admitted | Problem, classes: Classes | None, labels: Mapping[str, str]) -> Verdict:
    """Judge a fleet as if every dry run counted. `outcome` is what `admit` made of it with those that do count."""
    if not classes:
        return Verdict()
    spec = item.get("spec")
    name = spec.get("className") if isinstance(spec, Mapping) else None
    dry_runs = tuple(sorted(one.name for one in classes.values() if one.audits))
    as_if = {one.name: replace(one, audits=False) for one in classes.values()} if dry_runs else classes
    audited = admit(item, as_if, labels) if dry_runs and isinstance(outcome, Admitted) else outcome
    refused = audited if isinstance(audited, Problem) else None
    named = name if isinstance(name, str) else None
    chosen = choose_class(named, item["metadata"].get("namespace", ""), as_if, labels)
    of = (chosen.name,) if isinstance(chosen, FleetClass) else dry_runs
    return Verdict(of, refused, refused if isinstance(outcome, Admitted) else None)


def audit_message(verdict: Verdict, problem: Problem) -> str:
    """Say to the fleet's owner what a dry run found."""
    return f"once {CLASS_KIND} {', '.join(verdict.classes)} is enforced, this fleet is refused: {problem.message}"


def class_status(name: str, generation: int, found: Mapping[Key, Verdict]) -> dict[str, Any]:
    """Return the status of a class."""
    own = {key: verdict for key, verdict in found.items() if name in verdict.classes}
    breaching = [(key, verdict.refused) for key, verdict in sorted(own.items()) if verdict.refused is not None]
    listed = [_breach(key, problem) for key, problem in breaching[:MOST_BREACHES]]
    counts = {"observedGeneration": generation, "fleets": len(own), "breaches": len(breaching)}
    return {**counts, "breaching": listed} if listed else counts


def _breach(key: Key, problem: Problem) -> dict[str, Any]:
    text: Sequence[str] = plain_text(problem.message)
    message = "".join(text) if len(text) <= BREACH_LENGTH else "".join(text[: BREACH_LENGTH - 3]) + "..."
    return {"namespace": key.namespace, "name": key.name, "reason": problem.reason, "message": message}
