"""What other fleets have to know of a fleet: by what is in force of it."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.reconcile.decide.classes import admit
from goproxy_operator.reconcile.decide.family import STRANGER, Relative
from goproxy_operator.reconcile.decide.in_force import GenerationInForce
from goproxy_operator.reconcile.relative import may_have_ties, relative
from tests.operator.objects import UID, document
from tests.operator.reconcile.decide.class_objects import a_class

NAMING: Object = {"cache": {"parent": {"name": "org", "namespace": "platform"}}}
CONSENT: Object = {"access": {"children": {"namespaces": "All"}}}
BAD: Object = {"replicas": 1, "autoscaling": {"maxReplicas": 2, "targetRequestsPerSecond": 1}}


def read(in_force: Object | None = None, defaults: Object | None = None, /, **spec: Any) -> Relative:
    item = document(**spec)
    item["metadata"] |= {"namespace": "build", "uid": UID, "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z"}
    classes = {"standard": a_class(default=True, profile="Privileged", defaults=defaults)} if defaults else None
    held = GenerationInForce(1, in_force) if in_force is not None else None
    return relative(item, admit(item, classes, {}), held, lambda namespace: {"of": namespace})


def test_ties() -> None:
    assert read() == STRANGER
    assert read(**NAMING, pod={"serviceAccountName": "builder"}) == Relative(
        "build/builder", Key("platform", "org"), None, {"of": "build"}, "2026-01-01T00:00:00Z"
    )
    consenting = read(**CONSENT)
    assert consenting.consent is not None
    assert (consenting.account, consenting.parent, consenting.labels) == ("build/team-a", None, None)
    assert read(cache={"parent": {"name": "org"}}).parent == Key("build", "org")


def test_what_is_in_force_counts() -> None:
    assert read(NAMING, **BAD).parent == Key("platform", "org")
    assert read(None, **BAD) == STRANGER
    assert read(BAD, **BAD) == STRANGER
    assert read(NAMING, suspend=True).parent == Key("platform", "org")
    assert read({}, suspend=True, **NAMING) == STRANGER


def test_a_class_names_a_parent_which_may_be_one_of_its_fleets() -> None:
    assert read(None, NAMING).parent == Key("platform", "org")
    itself = {"cache": {"parent": {"name": "team-a"}}}
    assert read(None, itself) == STRANGER
    assert read(**{"cache": {"parent": {"name": "team-a", "namespace": "build"}}}).parent == Key("build", "team-a")


@pytest.mark.parametrize(
    ("spec", "ties"),
    [(NAMING, True), (CONSENT, True), ({}, False), (None, False), ([1], False), ({"cache": 1, "access": []}, False)],
)
def test_specs_of_any_form_are_looked_at(spec: Any, ties: bool) -> None:
    assert may_have_ties([{}, spec]) is ties
