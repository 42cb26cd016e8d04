"""The condition about how clients prove who they are, and Events of waves of refusals."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.access import access_ready
from goproxy_operator.reconcile.status.events import happenings
from goproxy_operator.reconcile.status.reported import figures, told
from goproxy_operator.reconcile.status.status import News, compute_status, news
from modproxy.contract.report import AccessProblem, Report
from tests.operator.reconcile.status.status_facts import NOW, facts, report

SSO = AccessProblem(part="oidc https://sso.example.com", problem="cannot be reached", remedy="check the URL")
LATER = SSO.model_copy(update={"problem": "cannot be reached, since later"})
LINE = AccessProblem(part="basic", problem="Secret users, htpasswd, line 3: alice has a hash of MD5")


def reporting(*problems: AccessProblem, **refusals: int) -> Report:
    return report().model_copy(update={"access_problems": problems, "refusals": refusals})


def replicas(*reports: Report | None) -> list[ReplicaFacts]:
    return [ReplicaFacts(f"team-a-{number}", True, one) for number, one in enumerate(reports)]


@pytest.mark.parametrize(
    ("reports", "status", "reason", "message"),
    [
        ([reporting(), None], "True", "Ready", "every way in which clients prove who they are can be used"),
        (
            [reporting(SSO), reporting(SSO)],
            "False",
            "IssuerUnusable",
            "oidc https://sso.example.com: cannot be reached: check the URL (seen by all replicas)",
        ),
        (
            # Each replica has times of its own.
            [reporting(LATER), reporting(SSO)],
            "False",
            "IssuerUnusable",
            "oidc https://sso.example.com: cannot be reached, since later: check the URL (seen by all replicas)",
        ),
        (
            [reporting(LINE), reporting()],
            "False",
            "AccessUnusable",
            "basic: Secret users, htpasswd, line 3: alice has a hash of MD5 (seen by team-a-0)",
        ),
        (
            [reporting(AccessProblem(part="serviceAccounts", problem="the keys are not known"))],
            "False",
            "ClusterKeysUnknown",
            "serviceAccounts: the keys are not known (seen by all replicas)",
        ),
    ],
)
def test_access_ready(reports: list[Report | None], status: str, reason: str, message: str) -> None:
    assert access_ready(replicas(*reports)) == ("AccessReady", status, reason, message)


@pytest.mark.parametrize("reports", [[], [None], [report()]])
def test_nothing_is_said_where_nobody_reports_or_everybody_may_do_everything(reports: list[Report | None]) -> None:
    assert access_ready(replicas(*reports)) is None


def test_a_pass_runs_when_a_report_says_otherwise() -> None:
    fine, bad = {"team-a-0": reporting()}, {"team-a-0": reporting(SSO)}
    assert told(fine, {}, 0.0) == told(fine, {}, 0.0)
    assert told(fine, {}, 0.0) != told(bad, {}, 0.0)


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([1], 1), ([3], 2), ([4, 4], 5), ([9], 5), ([10], 10), ([49], 20), ([50, 60], 100), ([999_999], 500_000),
        ([0], None), ([], None),
    ],
)  # fmt: skip
def test_refusals_are_steps_over_the_fleet(counts: list[int], shown: int | None) -> None:
    found = figures(replicas(*(reporting(access=count) for count in counts))).refusals
    assert [(one.rule, one.count) for one in found] == ([("access", shown)] if shown else [])


def test_only_kinds_that_are_known_are_told() -> None:
    found = figures(replicas(reporting(**{f"kind-{number}": 5 for number in range(60)}, modules=7))).refusals
    assert [one.rule for one in found] == ["modules"]


def status_of(**refusals: int) -> dict[str, Any]:
    return compute_status(facts(replicas=replicas(reporting(**refusals), reporting())), {}, NOW)


def test_refusals_are_a_figure_also_when_they_come_and_go() -> None:
    assert news(status_of(access=3), status_of()) is News.FIGURES
    assert news(status_of(), status_of(access=3)) is News.FIGURES
    assert news(status_of(access=30), status_of(access=31)) is News.NONE


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        ({}, {"identity": 120}, ["ManyFailedLogins"]),
        ({"identity": 120}, {"identity": 900}, []),
        ({"identity": 60}, {"identity": 90}, []),
        ({}, {"modules": 100, "age": 5000, "access": 99}, ["ManyRefusals", "ManyRefusals"]),
        ({"modules": 100}, {}, []),
    ],
)
def test_a_wave_is_told_when_it_begins(before: dict[str, int], after: dict[str, int], reasons: list[str]) -> None:
    previous = status_of(**before)
    found = [one for one in happenings({**previous, **status_of(**after)}, previous) if one.reason.startswith("Many")]
    assert [one.reason for one in found] == reasons
    assert all(one.kind == "Warning" and not any(char.isdigit() for char in one.message) for one in found)
