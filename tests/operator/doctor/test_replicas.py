"""What replicas report becomes findings: each trouble once, with the replicas that have it."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.doctor.replicas import judge_probes, judge_replicas
from goproxy_operator.go_env.finding import Weight
from modproxy.contract.probe import Probe, ProbedPlace
from modproxy.contract.report import Report

WELL: dict[str, Any] = {
    "version": "1",
    "ready": True,
    "uptimeSeconds": 1,
    "config": {"hash": "abc", "generation": 1},
    "storage": {"usedBytes": 1, "capacityBytes": 2, "objects": 1},
    "window": {"seconds": 60, "hits": 0, "requests": 0, "requestsPerSecond": 0},
    "requests": {},
}
OUTAGE = {
    "role": "upstream",
    "place": "https://a.example.com",
    "cause": "does not answer in time",
    "since": 1,
    "last": 1,
    "failures": 3,
}
SLOW = {"kind": "cpu", "finding": "CPU is withheld for 40 % of the time", "remedy": "raise limits.cpu", "since": 1}


def report(**more: Any) -> Report:
    return Report.model_validate(WELL | more)


CASES: dict[str, tuple[dict[str, Any], str, Weight, str]] = {
    "not ready": ({"ready": False}, "replica-not-ready", Weight.WRONG, "not ready"),
    "an older config": (
        {"config": {"hash": "abc", "generation": 1, "error": "tls: Secret edge is missing"}},
        "replica-config",
        Weight.WRONG,
        "Secret edge is missing",
    ),
    "a warning": (
        {"config": {"hash": "abc", "generation": 1, "warnings": ["a pattern is dead"]}},
        "replica-warning",
        Weight.WORTH_A_LOOK,
        "a pattern is dead",
    ),
    "an outage": ({"outages": [OUTAGE]}, "replica-outage", Weight.WORTH_A_LOOK, "does not answer in time"),
    "a lasting one": ({"outages": [OUTAGE | {"failing": True}]}, "replica-outage", Weight.WRONG, "a.example.com"),
    "a Secret": (
        {"secretProblems": [{"secret": "login", "problem": "has no password"}]},
        "replica-secret",
        Weight.WRONG,
        "Secret login: has no password",
    ),
    "a full disk": (
        {"storage": WELL["storage"] | {"diskPressure": "the disk is full"}},
        "replica-disk",
        Weight.WRONG,
        "the disk is full",
    ),
    "slow": ({"resources": {"seconds": 60, "slow": [SLOW]}}, "replica-slow", Weight.WORTH_A_LOOK, "withheld"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_and_no_other(case: str) -> None:
    more, code, weight, words = CASES[case]
    [one] = judge_replicas({"team-a-0": report(**more), "team-a-1": report(**more), "team-a-2": report()})
    assert (one.code, one.weight) == (code, weight)
    assert one.text.startswith("replica team-a-0, team-a-1: ")
    assert words in one.text


def test_a_replica_that_gives_no_report() -> None:
    [one] = judge_replicas({"team-a-0": ValueError("gone"), "team-a-1": report()})
    assert (one.code, one.weight) == ("replica-unseen", Weight.WORTH_A_LOOK)


def test_a_place_that_fails_is_told_once() -> None:
    failing = ProbedPlace(kind="upstream", name="https://a.example.com/", failure="answers 503", status=503)
    other = ProbedPlace(kind="checksumDatabase", name="https://b.example.com", status=200)
    probes = {name: Probe(places=(failing, other)) for name in ("team-a-0", "team-a-1")}
    [one] = judge_probes(probes, {})
    assert "replica team-a-0, team-a-1: https://a.example.com/ answers 503" in one.text
    spare = failing.model_copy(update={"fallback": True})
    [note] = judge_probes({"team-a-0": Probe(places=(spare,))}, {})
    assert (note.weight, "for what no upstream has" in note.text) == (Weight.NOTE, True)
    lasting = {"team-a-0": report(outages=[OUTAGE | {"failing": True}])}
    assert list(judge_probes(probes, lasting)) == [], "a report tells of it already"
    [one] = judge_probes(probes, {"team-a-0": report(outages=[OUTAGE])})
    assert one.weight is Weight.WRONG, "the report tells of the past"


@pytest.mark.parametrize("step", ["dns", "connect", "tls", "first_byte"])
def test_the_slowest_step_of_a_place_is_told(step: str) -> None:
    spans = dict.fromkeys(("dns_seconds", "connect_seconds", "tls_seconds", "first_byte_seconds"), 0.1)
    spans[f"{step}_seconds"] = 6.0
    place = ProbedPlace(kind="upstream", name="https://a.example.com", status=200, seconds=6.5, **spans)
    probes = {"team-a-0": Probe(places=(place,)), "team-a-1": Probe(places=(place,))}
    [one] = judge_probes(probes, {})
    assert (one.code, one.weight) == ("replica-place-slow", Weight.WORTH_A_LOOK)
    assert "takes 6.5 s, of which the" in one.text
    assert "takes 6.0 s" in one.text
    assert one.remedy
    assert list(judge_probes(probes, {}, slow_after=7.0)) == []
