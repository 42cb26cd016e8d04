"""Argo CD's own code judges a fleet in every state with our script, and the fleet's children with its own."""

from __future__ import annotations

import random
from typing import Any

from tests.kubernetes.control_plane import ControlPlane
from tests.neighbours import judges
from tests.neighbours.chosen import only_when_chosen
from tests.neighbours.random_objects import random_object
from tests.neighbours.states import Walk
from tests.neighbours.table import TABLE
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.test_gitops import READ, health, item

pytestmark = only_when_chosen("argocd")
RANDOM = 1000


async def test_every_state_of_a_fleet(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator, apply_class: ApplyClass
) -> None:
    walk = Walk(control_plane, fleet, new_operator, apply_class)
    await walk.run()
    assert walk.kept.keys() == TABLE.keys()
    verdicts = dict(zip(walk.kept, judges.argocd(list(walk.kept.values())), strict=True))
    assert {name: status for name, (status, _) in verdicts.items()} == {name: row.argocd for name, row in TABLE.items()}
    for name, row in TABLE.items():
        assert row.argocd_says in verdicts[name][1], name
    assert judges.argocd(walk.versions) == [_by_lua(version) for version in walk.versions]
    told = zip(walk.children, judges.argocd(walk.children), strict=True)
    # Of these kinds it has no opinion, and takes them for well; an Ingress waits for its controller, which is not here.
    waiting = {child["kind"]: status for child, (status, _) in told if status not in ("", "Healthy")}
    assert waiting == {"Ingress": "Progressing"}


def _by_lua(version: dict[str, Any]) -> tuple[str, str]:
    # Argo CD asks no script about an object that is being deleted.
    if "deletionTimestamp" in version["metadata"]:
        return "Progressing", "Pending deletion"
    return health(version)


def test_without_the_script_a_fleet_has_no_health() -> None:
    assert judges.argocd([item(READ["serving"][0])], health=None) == [("", "")]


def test_the_interpreter_of_other_tests_says_the_same() -> None:
    dice = random.Random(17)
    objects = [random_object(dice) for _ in range(RANDOM)]
    objects = [one for one in objects if "deletionTimestamp" not in one["metadata"]]
    found = judges.argocd(objects)
    assert {"Healthy", "Progressing", "Degraded", "Suspended"} == {status for status, _ in found}
    assert found == [health(one) for one in objects]


def test_statuses_of_the_table_of_git_ops() -> None:
    found = judges.argocd([item(status) for status, *_ in READ.values()])
    assert dict(zip(READ, (status for status, _ in found), strict=True)) == {name: row[1] for name, row in READ.items()}
