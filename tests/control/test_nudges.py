"""Which pods are annotated so that the kubelet gives them a new config at once."""

from __future__ import annotations

from goproxy_operator.desired.names import NUDGE_ANNOTATION
from goproxy_operator.reconcile.facts import Replica
from goproxy_operator.reconcile.nudges import nudges


def test_each_replica_once_for_each_config() -> None:
    fresh = Replica("team-a-0", True, uid="u0")
    behind = Replica("team-a-1", True, uid="u1", nudge="old")
    told = Replica("team-a-2", True, uid="u2", nudge="new")
    made = nudges("build", [fresh, behind, told], "new")
    assert [(one["metadata"]["name"], one["metadata"]["uid"]) for one in made] == [
        ("team-a-0", "u0"),
        ("team-a-1", "u1"),
    ]
    assert all(one["metadata"]["annotations"] == {NUDGE_ANNOTATION: "new"} for one in made)


def test_nothing_but_the_annotation_is_sent() -> None:
    (made,) = nudges("build", [Replica("team-a-0", False, uid="u0")], "new")
    assert made.keys() == {"apiVersion", "kind", "metadata"}
    assert made["metadata"].keys() == {"name", "namespace", "uid", "annotations"}
