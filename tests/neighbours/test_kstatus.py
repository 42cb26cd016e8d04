"""The real kstatus, by which Flux and kpt wait, judges a fleet in every state, and all that belongs to it."""

from __future__ import annotations

import random

from tests.kubernetes.control_plane import ControlPlane
from tests.neighbours import judges
from tests.neighbours.random_objects import random_object
from tests.neighbours.states import Walk
from tests.neighbours.table import TABLE
from tests.operator import kstatus as stand_in
from tests.operator.live.conftest import ApplyClass, StartOperator
from tests.operator.live.fleet import Fleet
from tests.operator.test_gitops import READ, item

RANDOM = 3000


async def test_every_state_of_a_fleet(
    control_plane: ControlPlane, fleet: Fleet, new_operator: StartOperator, apply_class: ApplyClass
) -> None:
    walk = Walk(control_plane, fleet, new_operator, apply_class)
    await walk.run()
    assert walk.kept.keys() == TABLE.keys()
    verdicts = dict(zip(walk.kept, judges.kstatus(list(walk.kept.values())), strict=True))
    assert {name: status for name, (status, _) in verdicts.items()} == {
        name: row.kstatus for name, row in TABLE.items()
    }
    for name, row in TABLE.items():
        if row.kstatus_says is not None:
            assert row.kstatus_says in verdicts[name][1], name
    # Whatever version of it a waiting program may happen to read.
    assert len(walk.versions) > len(walk.kept)
    found = [status for status, _ in judges.kstatus(walk.versions)]
    assert found == [stand_in.kstatus(version) for version in walk.versions]
    # And of a fleet that is ready, all children are done.
    assert {child["kind"] for child in walk.children} >= {"StatefulSet", "Service", "ConfigMap", "Pod", "Ingress"}
    told = zip(walk.children, judges.kstatus(walk.children), strict=True)
    assert {
        f"{child['kind']}/{child['metadata']['name']}": verdict for child, verdict in told if verdict[0] != "Current"
    } == {}


def test_the_stand_in_of_other_tests_says_the_same() -> None:
    dice = random.Random(17)
    objects = [random_object(dice) for _ in range(RANDOM)]
    found = [status for status, _ in judges.kstatus(objects)]
    assert {"Current", "InProgress", "Failed", "Terminating"} == set(found)
    differing = [
        (real, stand_in.kstatus(item), item)
        for real, item in zip(found, objects, strict=True)
        if real != stand_in.kstatus(item)
    ]
    assert differing[:3] == []


def test_statuses_of_the_table_of_git_ops() -> None:
    found = judges.kstatus([item(status) for status, *_ in READ.values()])
    assert dict(zip(READ, (status for status, _ in found), strict=True)) == {name: row[3] for name, row in READ.items()}
