"""Which Events explain a trouble, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from goproxy_operator.observed.pod_trouble import CREATING, IMAGE_PULL, NOT_READY, PENDING, PodTrouble
from goproxy_operator.reconcile.decide.told_by_events import (
    MISSING_PODS,
    VOLUME_NOT_BOUND,
    About,
    Told,
    about_pod,
    told,
    wants_events,
)
from goproxy_operator.timestamps import moment_of

Object = dict[str, Any]
AT = "2026-03-04T05:00:00Z"
NOW = moment_of("2026-03-04T05:05:00Z")
POD = about_pod(PodTrouble(CREATING, "", AT), "team-a-0", "u")
SET = About(MISSING_PODS, "StatefulSet", "team-a", "s")
CLAIM = About(VOLUME_NOT_BOUND, "PersistentVolumeClaim", "cache-team-a-0", "")
FORBIDDEN = 'pods "team-a-0" is forbidden: '


def event(reason: str, note: str, *, at: str = AT, uid: str = "u", **more: Any) -> Object:
    return {"reason": reason, "note": note, "deprecatedLastTimestamp": at, "regarding": {"uid": uid}} | more


def said(about: About, *events: Object) -> Told | None:
    assert NOW is not None
    return told(about, events, NOW)


@pytest.mark.parametrize(
    ("about", "reason", "note", "words"),
    [
        (
            SET,
            "FailedCreate",
            f"Create Pod team-a-0 in StatefulSet team-a failed error: {FORBIDDEN}exceeded quota: q, requested: pods=1, "
            "used: pods=1, limited: pods=1",
            "exceeded quota: q, requested: pods=1, limited: pods=1",
        ),
        (
            SET,
            "FailedCreate",
            "create Claim cache-team-a-0 for Pod team-a-0 in StatefulSet team-a failed error: "
            'persistentvolumeclaims "cache-team-a-0" is forbidden: exceeded quota: q',
            "exceeded quota: q",
        ),
        (
            POD,
            "FailedMount",
            'MountVolume.SetUp failed for volume "secrets" : secret "s" not found',
            'secret "s" not found',
        ),
        (
            CLAIM,
            "ProvisioningFailed",
            'storageclass.storage.k8s.io "f" not found',
            'storageclass.storage.k8s.io "f" not found',
        ),
        (
            about_pod(PodTrouble(IMAGE_PULL, "", AT), "team-a-0", "u"),
            "Failed",
            'Failed to pull image "a:1": rpc error: code = NotFound desc = no',
            "no",
        ),
        (
            about_pod(PodTrouble(PENDING, "", AT), "team-a-0", "u"),
            "FailedScheduling",
            "0/2 nodes are available: 2 Insufficient cpu.",
            "no node fits: Insufficient cpu",
        ),
    ],
)
def test_words(about: About, reason: str, note: str, words: str) -> None:
    uid = about.uid or "c"
    assert said(about, event(reason, note, uid=uid)) == Told(reason, words)


def test_the_most_telling_event_wins_and_of_these_the_newest() -> None:
    generic = event("FailedMount", "Unable to attach or mount volumes: timed out waiting for the condition", at=AT)
    old = event("FailedMount", 'secret "a" not found', at="2026-03-04T04:58:00Z")
    new = event("FailedMount", 'secret "b" not found', at="2026-03-04T04:59:00Z")
    attach = event("FailedAttachVolume", "Multi-Attach error", at="2026-03-04T04:50:00Z")
    assert said(POD, generic) == Told("FailedMount", str(generic["note"]))
    assert said(POD, generic, old, new) == Told("FailedMount", 'secret "b" not found')
    assert said(POD, generic, old, new, attach) == Told("FailedAttachVolume", "Multi-Attach error")


def test_what_explains_nothing() -> None:
    assert said(POD) is None
    assert said(POD, event("FailedMount", "x", uid="former")) is None, "of a former pod of the name"
    assert said(POD, event("FailedMount", "x", at="2026-03-04T04:00:00Z")) is None, "long ago"
    assert said(POD, event("Unhealthy", "x"), event("Pulled", "x")) is None, "about another state"
    assert said(SET, event("FailedCreate", "x", uid="former")) is None


def test_a_former_pod_that_was_evicted_explains_the_next_one() -> None:
    evicted = event("Evicted", "The node was low on resource: memory.", uid="former")
    assert said(POD, evicted) == Told("Evicted", "The node was low on resource: memory.")
    assert said(POD, evicted, event("FailedMount", "x")) == Told("FailedMount", "x")
    assert said(POD, event("Preempting", "x", uid="former")) == Told("Preempted", "x")


@pytest.mark.parametrize(
    "times",
    [
        {"series": {"lastObservedTime": AT}},
        {"deprecatedLastTimestamp": AT},
        {"eventTime": "2026-03-04T05:00:00.123456Z", "series": None, "deprecatedLastTimestamp": None},
        {"metadata": {"creationTimestamp": AT}},
    ],
)
def test_each_api_tells_times_otherwise(times: Object) -> None:
    assert said(POD, {"reason": "FailedMount", "note": "x", "regarding": {"uid": "u"}} | times)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"reason": None, "note": None, "regarding": None},
        event("FailedMount", "x", at="yesterday"),
        event("FailedMount", "x", at="2026-03-04T05:00:00"),
        event("FailedMount", ""),
    ],
    ids=str,
)
def test_what_anybody_may_write_as_an_event(item: Object) -> None:
    assert said(POD, item) is None
    wild = said(POD, event("FailedMount", "\x1b[2J\n" * 9999))
    assert wild is not None
    assert wild.words.isprintable()
    assert len(wild.words) <= 320


def test_events_are_read_only_where_they_may_say_more() -> None:
    wanted = [PodTrouble(reason, "", AT) for reason in (PENDING, CREATING, NOT_READY, IMAGE_PULL)]
    wanted.append(PodTrouble("CrashLoopBackOff", "the container ended with exit code 137", AT))
    assert all(map(wants_events, wanted))
    enough = [PodTrouble(reason, "exit code 1", AT) for reason in ("CrashLoopBackOff", "OOMKilled", "Unschedulable")]
    assert not any(map(wants_events, enough))
    assert POD.field_selector == "regarding.kind=Pod,regarding.name=team-a-0"
