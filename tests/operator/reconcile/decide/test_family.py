"""Which parent is used, by whose consent, and who are the children."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from goproxy_operator.api.family import ChildrenSpec
from goproxy_operator.desired.kin import OtherFleet
from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.family import ALONE, MOST_ABOVE, MOST_CHILDREN, STRANGER, Relative, Relatives

ALL = ChildrenSpec.model_validate({"namespaces": "All"})
SAME = ChildrenSpec.model_validate({"namespaces": "Same"})
BUILD = ChildrenSpec.model_validate({"namespaces": "Selector", "selector": {"matchLabels": {"tier": "build"}}})
BY_NAME = ChildrenSpec.model_validate(
    {"namespaces": "Selector", "selector": {"matchLabels": {"kubernetes.io/metadata.name": "team"}}}
)
ORG, TEAM = Key("platform", "org"), Key("team", "a")


def relatives(fleets: dict[Key, Relative]) -> Relatives:
    children: dict[Key, set[Key]] = {}
    for key, one in fleets.items():
        if one.parent is not None:
            children.setdefault(one.parent, set()).add(key)
    return Relatives(fleets, children)


def chain(names: Iterable[str], top: str | None = None) -> dict[Key, Relative]:
    """Each is the parent of the one after it; `top` is that of the first."""
    made: dict[Key, Relative] = {}
    above = top
    for name in names:
        parent = Key("x", above) if above is not None else None
        made[Key("x", name)] = Relative(f"x/{name}", parent, ALL)
        above = name
    return made


def test_a_fleet_without_ties_is_alone() -> None:
    assert relatives({TEAM: STRANGER}).family_of(TEAM) == ALONE
    assert relatives({}).family_of(TEAM) == ALONE


@pytest.mark.parametrize(
    ("consent", "labels", "reason", "words"),
    [
        (ALL, {}, None, ""),
        (BUILD, {"tier": "build", "more": "x"}, None, ""),
        (BY_NAME, None, None, ""),
        (None, {}, "ParentNotConsenting", "write access.children there"),
        (SAME, {}, "ParentNotConsenting", "lets only fleets of its own namespace ask it: write"),
        (BUILD, {"tier": "test"}, "ParentNotConsenting", "the labels tier=build, and namespace team has others"),
        (BUILD, None, "ParentNotConsenting", "bind ClusterRole goproxy-operator-classes"),
    ],
)
def test_consent(consent: ChildrenSpec | None, labels: dict[str, str] | None, reason: str | None, words: str) -> None:
    known = relatives(
        {ORG: Relative("platform/org", consent=consent), TEAM: Relative("team/builder", ORG, labels=labels)}
    )
    child, parent = known.family_of(TEAM), known.family_of(ORG)
    assert child.parent == ORG
    if reason is None:
        assert child.problem is None
        assert child.kin.parent == OtherFleet("platform", "org")
        assert parent.kin.children == (OtherFleet("team", "a", "team/builder"),)
    else:
        assert child.problem is not None and child.problem.reason == reason
        assert words in child.problem.message
        assert (child.kin.parent, parent.kin.children) == (None, ())


def test_a_parent_that_is_not_there() -> None:
    problem = relatives({TEAM: Relative("team/a", ORG)}).family_of(TEAM).problem
    assert problem is not None and problem.reason == "ParentNotFound"


def test_same_is_for_the_own_namespace() -> None:
    near = Key("platform", "near")
    known = relatives({ORG: Relative("platform/org", consent=SAME), near: Relative("platform/near", ORG)})
    assert known.family_of(near).problem is None


@pytest.mark.parametrize("names", ["a", "ab", "abcde"])
def test_a_loop_is_named_and_used_by_nobody_in_it(names: str) -> None:
    fleets = chain(names, top=names[-1])
    below = Key("x", "below")
    fleets[below] = Relative("x/below", Key("x", names[0]))
    known = relatives(fleets)
    for name in names:
        family = known.family_of(Key("x", name))
        assert family.problem is not None and family.problem.reason == "ParentLoop"
        assert family.problem.message.count("x/") == len(names) + 1
        assert f"itself, x/{name} -> " in family.problem.message
        assert family.kin.parent is None
    assert known.family_of(below).problem is None, "what leads into a loop is no part of it"
    assert known.family_of(Key("x", names[0])).kin.children == (OtherFleet("x", "below", "x/below"),)


def test_a_tie_without_consent_makes_no_loop() -> None:
    fleets = chain("ab", top="b")
    fleets[Key("x", "b")] = Relative("x/b", Key("x", "a"))
    known = relatives(fleets)
    assert known.family_of(Key("x", "a")).problem is not None
    assert known.family_of(Key("x", "b")).problem is None


def test_a_tree_of_too_many_levels_begins_anew() -> None:
    names = [f"f{number:02}" for number in range(2 * MOST_ABOVE + 4)]
    known = relatives(chain(names))
    found = [known.family_of(Key("x", name)).problem for name in names]
    assert [number for number, problem in enumerate(found) if problem is not None] == [
        MOST_ABOVE + 1,
        2 * (MOST_ABOVE + 1),
    ]
    assert {problem.reason for problem in found if problem is not None} == {"ParentTooDeep"}
    # Whichever is asked first, the answers are the same.
    assert [relatives(chain(names)).family_of(Key("x", name)).problem for name in reversed(names)] == found[::-1]


def test_of_very_many_children_the_oldest_are_taken() -> None:
    children = {
        Key("x", f"c{number:05}"): Relative(f"x/c{number:05}", ORG, created=f"2026-01-01T{number:06}")
        for number in range(MOST_CHILDREN + 1)
    }
    known = relatives({ORG: Relative("platform/org", consent=ALL), **children})
    assert len(known.family_of(ORG).kin.children) == MOST_CHILDREN
    last = known.family_of(Key("x", f"c{MOST_CHILDREN:05}")).problem
    assert last is not None and last.reason == "ParentHasTooManyChildren"
    assert known.family_of(Key("x", "c00000")).problem is None


def test_a_very_long_chain_is_no_burden() -> None:
    names = [f"f{number}" for number in range(3000)]
    known = relatives(chain(names, top=names[-1]))
    problem = known.family_of(Key("x", names[0])).problem
    assert problem is not None and problem.reason == "ParentLoop"
    assert "x/f2999 -> x/f2998 -> x/f2997" in problem.message or "... -> x/f1 -> x/f0" in problem.message
    assert len(problem.message) < 300
