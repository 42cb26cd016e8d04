"""What only Events say of a fleet that does not come up: which are to be read, and what of them counts. Pure.

Whoever may create Events in the namespace may write any: they are bounded and escaped, and nothing but words for people
is made from them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from goproxy_operator.kube.resources import Object
from goproxy_operator.observed.pod_trouble import CRASH_LOOP, CREATING, IMAGE_PULL, NOT_READY, PENDING, PodTrouble
from goproxy_operator.observed.steady_words import pull_failure, scheduling_failure, steady
from goproxy_operator.timestamps import moment_of

MISSING_PODS = "MissingPods"
VOLUME_NOT_BOUND = "VolumeNotBound"
_KILLED = re.compile(r"exit code (?:137|143)\b")
_SAID_LATELY = timedelta(minutes=20)
"""An older Event is about trouble that is over: whoever tries in vain says so at least every 17 minutes."""
_PREFIXES = re.compile(
    r"^(?:[Cc]reate \w+ \S+ (?:for Pod \S+ )?in StatefulSet \S+ failed error: "
    r'|(?:pods|persistentvolumeclaims) "[^"]*" is forbidden: '
    r'|MountVolume\.\w+ failed for volume "[^"]*" : |AttachVolume\.\w+ failed for volume "[^"]*" : )'
)
_GENERIC = re.compile(r"timed out waiting for the condition|unmounted volumes=", re.IGNORECASE)
"""Words with which the kubelet says only that something else has failed."""
# For each state, the reasons of the Events that explain it, the most telling first.
_EXPLAINS: Mapping[str, tuple[str, ...]] = {
    MISSING_PODS: ("FailedCreate",),
    PENDING: ("FailedScheduling",),
    CREATING: (
        "FailedAttachVolume",
        "FailedMount",
        "FailedMapVolume",
        "FailedCreatePodSandBox",
        "NetworkNotReady",
    ),
    NOT_READY: ("Unhealthy",),
    IMAGE_PULL: ("FailedToRetrieveImagePullSecret", "Failed"),
    CRASH_LOOP: ("Unhealthy",),
    VOLUME_NOT_BOUND: ("ProvisioningFailed", "FailedBinding", "VolumeMismatch", "ExternalProvisioning"),
}
_OF_FORMER_PODS = ("Evicted", "Preempted", "Preempting", "NodeNotReady")
"""What ended a pod whose successor has its name, and is not up either."""


class About(NamedTuple):
    """Whose Events are looked at, and what they are to explain."""

    state: str
    kind: str
    name: str
    uid: str

    @property
    def field_selector(self) -> str:
        """Return what selects the Events; those of a former pod of the name are among them."""
        return f"regarding.kind={self.kind},regarding.name={self.name}"


@dataclass(frozen=True, slots=True)
class Told:
    """What the Events of one object say: the reason and the words of one of them."""

    reason: str
    words: str


def wants_events(trouble: PodTrouble) -> bool:
    """Say whether Events may say more of this trouble than the pod's status does."""
    if trouble.reason in (CRASH_LOOP, "Error"):
        return bool(_KILLED.search(trouble.words))
    return trouble.reason in _EXPLAINS


def about_pod(trouble: PodTrouble, name: str, uid: str) -> About:
    """Return whose Events explain a pod's trouble."""
    return About(CRASH_LOOP if trouble.reason == "Error" else trouble.reason, "Pod", name, uid)


def told(about: About, events: Iterable[Object], now: datetime) -> Told | None:
    """Return what explains the state best; None where no Event does."""
    found: list[tuple[int, bool, float, Told]] = []
    wanted = _EXPLAINS[about.state] + (_OF_FORMER_PODS if about.kind == "Pod" else ())
    for event in events:
        reason, regarding = event.get("reason"), event.get("regarding") or {}
        said = _last_said(event)
        if reason not in wanted or said is None or now - said > _SAID_LATELY:
            continue
        if about.uid and regarding.get("uid") != about.uid and reason not in _OF_FORMER_PODS:
            continue
        words = _words(about.state, reason, str(event.get("note") or ""))
        if not words:
            continue
        found.append(
            (wanted.index(reason), bool(_GENERIC.search(words)), -said.timestamp(), Told(_reason(reason), words))
        )
    return min(found, key=lambda one: one[:3])[3] if found else None


def _words(state: str, reason: str, note: str) -> str:
    if state == IMAGE_PULL and reason == "Failed":
        return pull_failure(note)
    if state == PENDING:
        return scheduling_failure(note)
    note = note[:4096]
    while (inner := _PREFIXES.sub("", note, count=1)) != note:
        note = inner
    return steady(note)


def _reason(reason: str) -> str:
    return "Preempted" if reason == "Preempting" else reason


def _last_said(event: Mapping[str, Any]) -> datetime | None:
    """Return when an Event was said last; the ways of saying so changed with the API."""
    series = event.get("series") or {}
    metadata = event.get("metadata") or {}
    for text in (
        series.get("lastObservedTime"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        metadata.get("creationTimestamp"),
    ):
        if text and (at := moment_of(text)) is not None:
            return at
    return None
