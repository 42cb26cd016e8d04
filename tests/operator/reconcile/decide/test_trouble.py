"""Why a fleet does not come up, what is asked to find out, and when it is looked at again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from goproxy_operator.observed.pod_trouble import PodTrouble
from goproxy_operator.reconcile.decide.told_by_events import MISSING_PODS, VOLUME_NOT_BOUND, About, Told, about_pod
from goproxy_operator.reconcile.decide.trouble import Found, PodFacts, TroubleFacts, find_trouble
from goproxy_operator.timestamps import moment_of

AT = "2026-03-04T05:00:00Z"
FAILED = PodTrouble("ImagePullBackOff", "x: not found", AT)
SET = About(MISSING_PODS, "StatefulSet", "team-a", "s")


def pod(reason: str, words: str = "", number: int = 0, unbound: str | None = None) -> PodFacts:
    return PodFacts(f"team-a-{number}", f"u{number}", PodTrouble(reason, words, AT), unbound)


def find(*pods: PodFacts, seconds: float, missing: int = 0, told: Mapping[About, Told | None] | None = None) -> Found:
    since = moment_of(AT)
    assert since is not None
    now = since + timedelta(seconds=seconds)
    return find_trouble(TroubleFacts("team-a", "s", missing, since, pods, now, told or {}))


def asks(*pods: PodFacts) -> tuple[About, ...]:
    return tuple(about_pod(each.trouble, each.name, each.uid) for each in pods)


@pytest.mark.parametrize(
    ("reason", "asked_from", "told_from"),
    [
        ("ContainerCreating", 20, 120),
        ("NotReady", 20, 60),
        ("Pending", 20, 60),
        ("Unschedulable", None, 10),
        ("StuckTerminating", None, 30),
        ("ReadinessGatesNotReady", None, 60),
        ("OOMKilled", None, 0),
        ("InvalidImageName", None, 0),
        ("NodeNotReady", None, 0),
        ("ImagePullBackOff", 0, 0),
    ],
)
def test_what_each_pod_goes_through_is_told_where_it_lasts(reason: str, asked_from: int | None, told_from: int) -> None:
    for seconds in (0, told_from - 1, told_from, 500):
        found = find(pod(reason), seconds=seconds)
        told = seconds >= told_from
        assert (found.trouble is not None) == told, seconds
        if asked_from is not None:
            assert bool(found.questions) == (seconds >= asked_from), seconds
        else:
            assert not found.questions
        if not told:
            assert found.again is not None
            assert 0 < found.again <= 60
        elif seconds >= max(asked_from or 0, told_from):
            assert found.again is None


@pytest.mark.parametrize("since", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "no time"])
def test_any_time_may_stand_in_the_status_of_a_pod(since: str) -> None:
    waits = PodFacts("team-a-0", "u0", PodTrouble("ContainerCreating", "", since))
    found = find(waits, seconds=500)
    assert (found.trouble is None) == since.startswith("9999")
    assert found.again is None or found.again <= 60


def test_a_message_says_who_why_and_what_to_do() -> None:
    found = find(pod("ImagePullBackOff", "x: not found"), seconds=1).trouble
    assert found is not None
    assert found.reason == "ImagePullBackOff"
    assert found.message == (
        "team-a-0: ImagePullBackOff: x: not found; write a spec.image that exists: push the tag, or correct the name"
    )


def test_the_worst_is_told_and_those_who_share_it_are_named() -> None:
    pods = [
        pod("CrashLoopBackOff", "exit code 1", 0),
        *(pod("ImagePullBackOff", "no", number) for number in range(1, 7)),
    ]
    found = find(*pods, seconds=1)
    assert found.trouble is not None
    assert found.trouble.message.startswith("team-a-1, team-a-2, team-a-3 and 3 more: ImagePullBackOff: no; ")
    assert found.questions == asks(*pods[1:3])


def test_what_events_say_is_told_in_the_place_of_a_state() -> None:
    creating = pod("ContainerCreating")
    (about,) = asks(creating)
    early = find(creating, seconds=5, told={about: Told("FailedMount", "no")})
    assert early.trouble is None
    assert early.questions == ()
    found = find(creating, seconds=25, told={about: Told("FailedMount", 'secret "s" not found')})
    assert found.trouble is not None
    assert found.trouble.reason == "FailedMount"
    assert found.trouble.message.startswith('team-a-0: FailedMount: secret "s" not found; create that Secret')
    assert find(creating, seconds=25, told={about: None}).trouble is None


def test_events_add_to_what_a_status_says() -> None:
    killed = pod("CrashLoopBackOff", "the container ended with exit code 137")
    found = find(killed, seconds=1, told={asks(killed)[0]: Told("Unhealthy", "Liveness probe failed: x")})
    assert found.trouble is not None
    assert "exit code 137; Liveness probe failed: x; the probe killed it" in found.trouble.message

    pulls = pod("ImagePullBackOff", "401 Unauthorized")
    told = {asks(pulls)[0]: Told("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (s)")}
    found = find(pulls, seconds=1, told=told)
    assert found.trouble is not None
    assert "(s); 401 Unauthorized; name a Secret" in found.trouble.message

    bare = pod("ImagePullBackOff")
    found = find(bare, seconds=1, told={asks(bare)[0]: Told("Failed", "x: not found")})
    assert found.trouble is not None
    assert "ImagePullBackOff: x: not found; " in found.trouble.message


def test_pods_that_are_not_made() -> None:
    assert find(missing=2, seconds=5) == Found(None, (), 5.0)
    assert find(missing=2, seconds=15) == Found(None, (SET,), None)
    found = find(missing=1, seconds=15, told={SET: Told("FailedCreate", "exceeded quota: q")}).trouble
    assert found is not None
    assert found.reason == "QuotaExceeded"
    assert found.message.startswith("team-a: QuotaExceeded: exceeded quota: q; raise the ResourceQuota")


def test_a_claim_without_a_volume_is_named() -> None:
    waits = pod(
        "Unschedulable", "no node fits: pod has unbound immediate PersistentVolumeClaims", unbound="cache-team-a-0"
    )
    about = About(VOLUME_NOT_BOUND, "PersistentVolumeClaim", "cache-team-a-0", "")
    found = find(waits, seconds=15, told={about: None})
    assert found.questions == (about,)
    assert found.trouble is not None
    assert found.trouble.reason == "Unschedulable"
    told = {about: Told("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')}
    found = find(waits, seconds=15, told=told)
    assert found.trouble is not None
    assert found.trouble.reason == "StorageClassNotFound"
    assert found.trouble.message.startswith('cache-team-a-0: StorageClassNotFound: storageclass.storage.k8s.io "fast"')
    elsewhere = pod("Unschedulable", "no node fits: Insufficient cpu", unbound="cache-team-a-0")
    assert find(elsewhere, seconds=15).questions == ()


def test_a_clock_that_goes_otherwise_does_not_hide_a_fleet() -> None:
    found = find(pod("Unschedulable"), seconds=-9999)
    assert found.again == 60.0
