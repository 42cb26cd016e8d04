"""What was carried out last, through every order in which changes and passes may come."""

from __future__ import annotations

from typing import Any

from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.classes import Admitted
from goproxy_operator.reconcile.decide.in_force import GenerationInForce
from goproxy_operator.reconcile.generations import Generations
from tests.operator.objects import UID, document, goproxy
from tests.operator.reconcile.decide.class_objects import a_class

Object = dict[str, Any]
KEY = Key("build", "team-a")


def item(generation: int, uid: str = UID, **spec: Any) -> Object:
    made = document(**spec)
    made["metadata"] |= {"namespace": "build", "uid": uid, "generation": generation}
    return made


def admitted(**defaults: Any) -> Admitted:
    return Admitted(goproxy(), None, a_class(defaults=defaults) if defaults else None)


def test_the_spec_is_kept_once_the_object_moves_on() -> None:
    generations = Generations()
    first, second, third = item(1, replicas=1), item(2, replicas=2), item(3, replicas=3)
    generations.carried_out(KEY, first, admitted(image="a"), lambda _: first)
    held = GenerationInForce(1, {"replicas": 1, "image": "a"}, "standard")
    assert generations.in_force(KEY, first) == held
    generations.changed(KEY, first, second)
    generations.changed(KEY, second, third)
    assert generations.in_force(KEY, third) == held
    generations.carried_out(KEY, third, admitted(), lambda _: third)
    assert generations.in_force(KEY, third) == GenerationInForce(3, {"replicas": 3})


def test_a_change_during_the_pass_loses_nothing() -> None:
    generations = Generations()
    first, second = item(1, replicas=1), item(2, replicas=2)
    generations.changed(KEY, first, second)
    generations.carried_out(KEY, first, admitted(), lambda _: second)
    assert generations.in_force(KEY, second) == GenerationInForce(1, {"replicas": 1})


def test_defaults_are_those_under_which_it_was_carried_out() -> None:
    generations = Generations()
    first = item(1, replicas=1)
    generations.carried_out(KEY, first, admitted(image="a"), lambda _: first)
    generations.carried_out(KEY, first, admitted(image="b"), lambda _: first)
    assert generations.in_force(KEY, first) == GenerationInForce(1, {"replicas": 1, "image": "b"}, "standard")


def test_another_object_of_the_name_has_nothing_in_force() -> None:
    generations = Generations()
    first, other = item(5, replicas=1), item(1, uid="another")
    generations.carried_out(KEY, first, admitted(), lambda _: first)
    assert generations.in_force(KEY, other) is None
    generations.changed(KEY, first, other)
    assert generations.in_force(KEY, first) is None
    generations.carried_out(KEY, first, admitted(), lambda _: None)
    assert generations.in_force(KEY, first) == GenerationInForce(5, {"replicas": 1})
    generations.changed(KEY, first, None)
    assert generations.in_force(KEY, first) is None


def test_what_this_process_did_not_see_is_read_from_the_status() -> None:
    told = item(2) | {"status": {"inForce": {"generation": 1, "spec": {"replicas": 1}}}}
    assert Generations().in_force(KEY, told) == GenerationInForce(1, {"replicas": 1})
