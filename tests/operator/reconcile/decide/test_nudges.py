"""Which pods are annotated so that the kubelet gives them a new config at once."""

from __future__ import annotations

import pytest

from goproxy_operator.desired.names import NUDGE_ANNOTATION
from goproxy_operator.reconcile.decide.nudges import nudges
from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from modproxy.contract.report import ConfigState, Report, StorageState, Window


def replica(nudge: str | None, reported: str | None) -> ReplicaFacts:
    report = None
    if reported is not None:
        report = Report(
            version="1",
            ready=True,
            uptime_seconds=1,
            config=ConfigState(hash=reported, generation=1),
            storage=StorageState(used_bytes=0, capacity_bytes=1, objects=0),
            window=Window(seconds=1, hits=0, requests=0, requests_per_second=0),
            requests={},
        )
    return ReplicaFacts("team-a-0", True, report, "u0", nudge)


@pytest.mark.parametrize(
    ("nudge", "reported", "changed", "nudged"),
    [
        (None, None, False, False),
        (None, None, True, True),
        (None, "old", False, True),
        (None, "old", True, True),
        (None, "new", True, False),
        ("old", None, False, True),
        ("old", "old", False, True),
        ("old", "new", False, False),
        ("new", None, True, False),
        ("new", "old", False, False),
    ],
)
def test_who_is_behind_is_told_once(nudge: str | None, reported: str | None, changed: bool, nudged: bool) -> None:
    assert bool(nudges("build", [replica(nudge, reported)], "new", changed=changed)) is nudged


def test_nothing_but_the_annotation_is_sent() -> None:
    (made,) = nudges("build", [replica(None, None)], "new", changed=True)
    assert made.keys() == {"apiVersion", "kind", "metadata"}
    assert made["metadata"] == {
        "name": "team-a-0",
        "namespace": "build",
        "uid": "u0",
        "annotations": {NUDGE_ANNOTATION: "new"},
    }
