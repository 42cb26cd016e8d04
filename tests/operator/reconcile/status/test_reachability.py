"""The conditions about servers that fail and Secrets that cannot be used, by what the replicas report."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.reconcile.decide.replica_facts import ReplicaFacts
from goproxy_operator.reconcile.status.events import happenings, lasting
from goproxy_operator.reconcile.status.reachability import config_warnings, credentials_ready, upstream_reachable
from goproxy_operator.reconcile.status.reported import told
from goproxy_operator.reconcile.status.status import News, compute_status, news, not_scraped_yet
from modproxy.contract.report import Outage, Report, SecretProblem
from tests.operator.reconcile.status.status_facts import LATER, NOW, conditions, facts, report

DOWN = {
    "role": "upstream", "place": "https://proxy.example.com", "failing": True, "kind": "dns",
    "cause": "could not be resolved", "remedy": "check the host", "since": 1, "last": 2, "failures": 3,
}  # fmt: skip
WORDS = "upstream https://proxy.example.com could not be resolved (seen by {}): check the host"


def outage(**changed: Any) -> Outage:
    return Outage.model_validate({**DOWN, **changed})


def reporting(
    outages: list[Outage] | None = None, problems: list[str] | None = None, warnings: tuple[str, ...] = ()
) -> Report:
    made = report()
    return made.model_copy(
        update={
            "outages": None if outages is None else tuple(outages),
            "secret_problems": None
            if problems is None
            else tuple(SecretProblem(secret=text.split()[1], problem=text) for text in problems),
            "config": made.config.model_copy(update={"warnings": warnings}),
        }
    )


def replicas(*reports: Report | None) -> list[ReplicaFacts]:
    return [ReplicaFacts(f"team-a-{number}", True, one) for number, one in enumerate(reports)]


FINE = reporting([], [])


@pytest.mark.parametrize(
    ("reports", "status", "reason", "message"),
    [
        pytest.param([FINE, FINE], "True", "NoFailures", "no server that the object names fails", id="all is well"),
        pytest.param([FINE, None], "True", "NoFailures", "no server that the object names fails", id="one is silent"),
        pytest.param(
            [reporting([outage()]), reporting([outage(since=7, failures=99)])],
            "False", "HostNotFound", WORDS.format("all replicas"), id="all see it",
        ),
        pytest.param(
            [reporting([outage()]), report()],
            "False", "HostNotFound", WORDS.format("all replicas"), id="an older replica says nothing of it",
        ),
        pytest.param(
            [FINE, reporting([outage()])], "False", "HostNotFound", WORDS.format("team-a-1"), id="one sees it",
        ),
        pytest.param(
            [FINE, reporting([outage()]), reporting([outage()])],
            "False", "HostNotFound", WORDS.format("some replicas"), id="some see it",
        ),
        pytest.param([reporting([outage(failing=False)])], "True", "NoFailures", "no server", id="it failed once"),
        pytest.param([reporting([outage(named=False)])], "True", "NoFailures", "no server", id="a client's choice"),
        pytest.param(
            [reporting([outage(role="oracle", kind="fog", remedy="")])],
            "False", "ServerFails", "server https://proxy.example.com could not be resolved (seen by all replicas)",
            id="of a newer replica",
        ),
        pytest.param(
            [reporting([outage(), outage(kind="tls", cause="a")]), reporting([outage(kind="tls", cause="b")])],
            "False", "CertificateNotTrusted", "upstream https://proxy.example.com a (seen by", id="the usual cause",
        ),
        pytest.param(
            [reporting([outage(role="versionControl", place=f"git{n}.example.com") for n in range(9)])],
            "False", "HostNotFound", "check the host; and more", id="many",
        ),
    ],
)  # fmt: skip
def test_upstream_reachable(reports: list[Report | None], status: str, reason: str, message: str) -> None:
    made = upstream_reachable(replicas(*reports))
    assert made is not None
    assert made[:3] == ("UpstreamReachable", status, reason)
    assert message in made[3]
    assert len(made[3]) < 1024


@pytest.mark.parametrize(
    ("reports", "status", "message"),
    [
        ([FINE], "True", "every Secret that the object names can be used"),
        ([reporting([], ["Secret git has no key password"])] * 2, "False", "no key password (seen by all replicas)"),
        ([FINE, reporting([], ["Secret git is not found"])], "False", "Secret git is not found (seen by team-a-1)"),
        ([reporting([], [f"Secret s{n} is not found" for n in range(9)])], "False", "; and more"),
    ],
)
def test_credentials_ready(reports: list[Report | None], status: str, message: str) -> None:
    made = credentials_ready(replicas(*reports))
    assert made is not None
    assert made[:2] == ("CredentialsReady", status)
    assert message in made[3]


@pytest.mark.parametrize("reports", [[], [None], [report()]])
def test_replicas_that_say_nothing_of_it_make_no_condition(reports: list[Report | None]) -> None:
    assert upstream_reachable(replicas(*reports)) is None
    assert credentials_ready(replicas(*reports)) is None


def test_warnings_of_a_config_in_force_are_told_with_it() -> None:
    warned = reporting([], [], ("upstream x is this replica's own listener: left out",))
    assert config_warnings(replicas(warned, FINE)) == f"{warned.config.warnings[0]} (seen by team-a-0)"
    status = compute_status(facts(replicas=replicas(warned, warned)), {}, NOW)
    told_of = conditions(status)["ConfigSynced"]
    assert told_of[:2] == ("True", "InForceWithWarnings")
    assert "own listener: left out (seen by all replicas)" in told_of[2]
    assert [one.happening.reason for one in lasting(status, {}, NOW)] == ["InForceWithWarnings"]


def test_the_status_moves_only_when_the_words_do() -> None:
    def status(*reports: Report) -> dict[str, Any]:
        return compute_status(facts(replicas=replicas(*reports)), {}, NOW)

    well = status(FINE, FINE)
    failing = status(reporting([outage()]), reporting([outage()]))
    assert news(failing, well) is News.STATEMENT
    later = status(reporting([outage(last=9, failures=99)]), reporting([outage(since=5)]))
    assert news(later, failing) is News.NONE
    other = reporting([outage(place="x.example.com", named=False, failing=False, failures=n) for n in range(3)], [])
    assert news(status(other, FINE), well) is News.NONE
    assert conditions(failing)["Ready"][0] == "True"


def test_a_warning_once_while_it_lasts() -> None:
    def status(*reports: Report) -> dict[str, Any]:
        return compute_status(facts(replicas=replicas(*reports)), {}, NOW)

    bad = reporting([outage()], ["Secret git is not found"])
    one, both = status(bad, FINE), status(bad, bad)
    assert [(e.kind, e.reason) for e in happenings(one, status(FINE, FINE))] == [("Warning", "HostNotFound")]
    # A Secret often arrives just after the object that names it.
    assert [(e.new, e.happening.reason) for e in lasting(one, status(FINE, FINE), NOW)] == [(True, "SecretUnusable")]
    assert happenings(both, one) == []
    assert [(e.new, e.happening.reason) for e in lasting(both, one, NOW)] == [(False, "SecretUnusable")]
    assert happenings(status(FINE, FINE), both) == []
    assert lasting(status(FINE, FINE), both, NOW) == []


def test_a_restart_of_the_operator_keeps_what_was_reported() -> None:
    before = compute_status(facts(replicas=replicas(reporting([outage()], ["Secret git is not found"]))), {}, NOW)
    fresh = compute_status(facts(replicas=replicas(None)), before, LATER)
    assert "UpstreamReachable" not in conditions(fresh)
    kept = conditions(not_scraped_yet(fresh, before))
    assert kept["UpstreamReachable"] == conditions(before)["UpstreamReachable"]
    assert kept["CredentialsReady"] == conditions(before)["CredentialsReady"]


def test_the_scraping_notices_just_what_the_status_says() -> None:
    fine = told({"a": FINE}, {}, 0.0)
    assert told({"a": reporting([outage()], [])}, {}, 0.0) != fine
    assert told({"a": reporting([], ["Secret git is not found"])}, {}, 0.0) != fine
    assert told({"a": reporting([], [], ("careful",))}, {}, 0.0) != fine
    assert told({"a": reporting([outage(failing=False)], [])}, {}, 0.0) == fine
    assert told({"a": reporting([outage(failures=9)], [])}, {}, 0.0) == told({"a": reporting([outage()], [])}, {}, 0.0)
