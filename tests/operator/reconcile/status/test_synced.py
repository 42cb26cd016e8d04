"""The condition about modules that are kept complete."""

from __future__ import annotations

from typing import Any

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.reported import told
from goproxy_operator.reconcile.status.synced import modules_synced
from modproxy.contract.report import SyncState
from tests.operator.reconcile.status.test_sharing import reporting


def fleet(*states: dict[str, Any] | None) -> list[ReplicaFacts]:
    return [
        ReplicaFacts(f"a-{number}", True, reporting(sync=None if state is None else SyncState(**state)))
        for number, state in enumerate(states)
    ]


def test_nothing_is_said_before_a_run_has_begun() -> None:
    assert modules_synced([]) is None
    assert modules_synced(fleet(None, {"schedule": "0 * * * *", "next_run": 9.0})) is None


def test_all_is_there() -> None:
    found = modules_synced(fleet({"last_run": 1.0, "modules": 3, "fetched": 7}, {"schedule": "0 * * * *"}))
    assert found is not None
    assert found[:3] == ("ModulesSynced", "True", "Complete")


def test_what_is_missing_is_told_with_its_reason_and_without_figures() -> None:
    lacking = {"last_run": 1.0, "missing": 2, "stopped": "the cache is full", "problems": ("a@v1.0.0: answers 502",)}
    found = modules_synced(fleet({"last_run": 1.0}, lacking))
    assert found is not None
    assert found[:3] == ("ModulesSynced", "False", "VersionsMissing")
    assert "a@v1.0.0: answers 502 (seen by a-1); the cache is full (seen by a-1)" in found[3]
    assert modules_synced(fleet({"last_run": 5.0}, lacking | {"last_run": 5.0, "missing": 9})) == found
    silent = modules_synced(fleet({"last_run": 1.0, "missing": 1}))
    assert silent is not None
    assert "the log of the replicas tells why" in silent[3]


def test_the_scraping_tells_of_it() -> None:
    before, after = (
        {one.name: one.report for one in fleet({"last_run": 1.0, "missing": missing}) if one.report is not None}
        for missing in (0, 1)
    )
    assert told(before, {}, 1.0) != told(after, {}, 1.0)
