"""What a dry run of classes tells, and that it changes nothing of what counts."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.api.class_status import MOST_BREACHES, ClassStatus
from goproxy_operator.api.goproxyclass import FleetClass
from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.audit import Verdict, audit_message, class_status, judge
from goproxy_operator.reconcile.decide.classes import Admitted, admit
from goproxy_operator.reconcile.decide.imposed import governing
from goproxy_operator.reconcile.decide.problem import Problem
from tests.operator.objects import UID, document
from tests.operator.reconcile.decide.class_objects import BUILD, a_class

Object = dict[str, Any]
AUDIT: Object = {"enforcement": "Audit"}
SMALL: Object = {"limits": {"maxReplicas": 3}}
LIMIT = (
    "spec.replicas 9 is more than limits.maxReplicas of GoProxyClass standard 3"
    "; write what the class allows, or ask whoever keeps it for more"
)


def item(**spec: Any) -> Object:
    made = document(**spec)
    made["metadata"] |= {"namespace": "build", "uid": UID, "generation": 3}
    return made


def judged(*classes: FleetClass, **spec: Any) -> tuple[Admitted | Problem, Verdict]:
    by_name = {one.name: one for one in classes}
    outcome = admit(item(**spec), by_name, BUILD)
    return outcome, judge(item(**spec), outcome, by_name, BUILD)


@pytest.mark.parametrize(
    ("spec", "audit"),
    [
        ({"replicas": 2}, None),
        ({"replicas": 9}, Problem("ClassLimitExceeded", LIMIT)),
        ({"replicas": 9, "className": "standard"}, Problem("ClassLimitExceeded", LIMIT)),
    ],
)
def test_a_dry_run_refuses_nothing_and_tells_all(spec: Object, audit: Problem | None) -> None:
    outcome, verdict = judged(a_class(default=True, **AUDIT, **SMALL), **spec)
    assert isinstance(outcome, Admitted)
    assert verdict == Verdict(("standard",), audit, audit)


def test_neither_defaults_nor_modules_of_a_dry_run_count() -> None:
    fleet_class = a_class(default=True, **AUDIT, defaults={"replicas": 7}, modules={"deny": ["github.com/evil"]})
    outcome, _ = judged(fleet_class)
    assert isinstance(outcome, Admitted)
    assert (outcome.goproxy.spec.replicas, outcome.imposed, outcome.fleet_class) == (None, None, None)
    assert governing(item(), None, {"standard": fleet_class}, BUILD) is None
    assert governing(item(className="standard"), None, {"standard": fleet_class}, BUILD) is None


def test_a_fleet_that_no_class_admits_is_told_by_every_dry_run() -> None:
    selecting: Object = {"namespaceSelector": {"matchLabels": {"tier": "other"}}}
    outcome, verdict = judged(a_class("b", **AUDIT, **selecting), a_class("a", **AUDIT))
    assert isinstance(outcome, Admitted), "without a class that counts, all are admitted"
    assert verdict.classes == ("a", "b")
    assert verdict.audit is not None
    assert verdict.audit.reason == "ClassNotAdmitted"


def test_by_naming_a_dry_run_no_fleet_passes_the_classes_that_count() -> None:
    counts, dry = a_class(default=True, **SMALL), a_class("trial", **AUDIT)
    outcome, verdict = judged(counts, dry, replicas=9, className="trial")
    assert outcome == Problem("ClassLimitExceeded", LIMIT)
    assert verdict.audit is None
    assert isinstance(judged(counts, dry, replicas=2, className="trial")[0], Admitted)
    assert governing(item(className="trial"), None, {"trial": dry, "standard": counts}, BUILD) is counts


def test_a_newer_default_in_a_dry_run_is_judged_beside_the_one_that_counts() -> None:
    counts = a_class("old", default=True)
    dry = a_class(created="2026-02-01T00:00:00Z", default=True, **AUDIT, **SMALL)
    outcome, verdict = judged(counts, dry, replicas=9)
    assert isinstance(outcome, Admitted)
    assert outcome.fleet_class is counts
    assert verdict == Verdict(("standard",), Problem("ClassLimitExceeded", LIMIT), Problem("ClassLimitExceeded", LIMIT))
    assert audit_message(verdict, Problem("x", "why")) == (
        "once GoProxyClass standard is enforced, this fleet is refused: why"
    )


def test_a_class_that_counts_tells_whom_it_refuses() -> None:
    outcome, verdict = judged(a_class(default=True, **SMALL), replicas=9)
    assert isinstance(outcome, Problem)
    assert verdict == Verdict(("standard",), outcome, None)


def test_a_dry_run_that_is_wrong_refuses_nothing_either() -> None:
    outcome, verdict = judged(a_class(default=True, **AUDIT, limits={"maxReplicas": "many"}), replicas=9)
    assert isinstance(outcome, Admitted)
    assert verdict.audit is not None
    assert verdict.audit.reason == "ClassInvalid"


def test_what_is_no_way_to_enforce_is_enforced() -> None:
    assert not a_class(enforcement="audit").audits


def test_the_status_of_a_class_is_bounded_and_says_all() -> None:
    breach = Verdict(("standard",), Problem("ClassLimitExceeded", "\x1b[2J" + "x" * 9000))
    found = {Key("build", f"team-{number:03}"): breach for number in range(80)}
    found |= {Key("build", "good"): Verdict(("standard",)), Key("build", "other"): Verdict(("large",))}
    status = class_status("standard", 4, found)
    assert (status["observedGeneration"], status["fleets"], status["breaches"]) == (4, 81, 80)
    assert len(status["breaching"]) == MOST_BREACHES
    assert status["breaching"][0]["name"] == "team-000"
    read = ClassStatus.model_validate(status)
    assert all(one.message.isprintable() for one in read.breaching)
    assert class_status("large", 1, found) == {"observedGeneration": 1, "fleets": 1, "breaches": 0}
