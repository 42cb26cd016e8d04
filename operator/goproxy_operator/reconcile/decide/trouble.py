"""Why a fleet does not come up: the worst trouble of its pods, in words for people, and when to look again. Pure.

A state that each pod goes through, such as being created, is told only where it lasts. What never ends by itself is
told at once. The times are those that the API server has: an operator that starts anew decides the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from goproxy_operator.observed.pod_trouble import CREATING, IMAGE_PULL, NOT_READY, PENDING, TERMINATING, PodTrouble
from goproxy_operator.observed.steady_words import steady
from goproxy_operator.reconcile.decide.remedies import Remedy, remedy
from goproxy_operator.reconcile.decide.told_by_events import (
    MISSING_PODS,
    VOLUME_NOT_BOUND,
    About,
    Told,
    about_pod,
    wants_events,
)
from goproxy_operator.timestamps import moment_of

_MISSING_GRACE = timedelta(seconds=10)
"""The StatefulSet's controller makes all pods within this time where nothing is in the way."""
_ASK_AFTER = timedelta(seconds=20)
"""A pod takes so long to start where nothing is in the way; a Certificate or an image may arrive meanwhile."""
_GRACE = {
    # Nodes come, volumes are made, and a pod that is preempted finds a place.
    "Unschedulable": timedelta(seconds=10),
    "SchedulerError": timedelta(seconds=10),
    "SchedulingGated": timedelta(seconds=60),
    "ReadinessGatesNotReady": timedelta(seconds=60),
    # Nothing says why: the image may be large, and the volume slow.
    PENDING: timedelta(seconds=60),
    CREATING: timedelta(seconds=120),
    NOT_READY: timedelta(seconds=60),
    # Its time is that of the end of the grace period.
    TERMINATING: timedelta(seconds=30),
}
_LONGEST_WAIT = 60.0
"""Seconds: times of a clock that goes otherwise than ours do not keep a fleet unseen for longer."""
_MOST_NAMES = 3
_MOST_ASKED = 2
"""Pods whose Events are read in one look: what keeps several from serving is nearly always the same."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why replicas are missing: the reason, as a condition has it, and who, why and what to do, in one line."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A pod that does not serve; `unbound` is the name of its claim while that has no volume."""

    name: str
    uid: str
    trouble: PodTrouble
    unbound: str | None = None


@dataclass(frozen=True, slots=True)
class TroubleFacts:
    """What a fleet's trouble is decided from. `told` has what Events say, as far as they were looked at."""

    stateful_set: str
    stateful_set_uid: str
    missing: int
    """How many pods the controller has not made, though it has seen what is asked for."""
    since: datetime
    """Since when the fleet is not whole."""
    pods: Sequence[PodFacts]
    now: datetime
    told: Mapping[About, Told | None]


@dataclass(frozen=True, slots=True)
class Found:
    """The trouble of a fleet, if there is any by now; the Events to read; in how many seconds to look again."""

    trouble: Trouble | None
    questions: tuple[About, ...]
    again: float | None


@dataclass(frozen=True, slots=True)
class _Cause:
    who: str
    words: str
    remedy: Remedy


def find_trouble(facts: TroubleFacts) -> Found:
    """Decide what to tell, what to ask, and when to look again."""
    causes: list[_Cause] = []
    questions: list[About] = []
    waits: list[timedelta] = []
    if facts.missing:
        about = About(MISSING_PODS, "StatefulSet", facts.stateful_set, facts.stateful_set_uid)
        if (wait := _MISSING_GRACE - (facts.now - facts.since)) > timedelta():
            waits.append(wait)
        else:
            questions.append(about)
            if said := facts.told.get(about):
                causes.append(_cause(facts.stateful_set, said.reason, said.words))
    asked: list[tuple[PodFacts, About]] = []
    for pod in facts.pods:
        since = moment_of(pod.trouble.since) or facts.since
        said = None
        if asking := _question(pod):
            if (wait := _ask_after(pod.trouble) - (facts.now - since)) > timedelta():
                waits.append(wait)
            else:
                asked.append((pod, asking))
                said = facts.told.get(asking)
        if said is not None:
            causes.append(_explained(pod, said))
        elif (wait := _GRACE.get(pod.trouble.reason, timedelta()) - (facts.now - since)) > timedelta():
            waits.append(wait)
        else:
            causes.append(_cause(pod.name, pod.trouble.reason, pod.trouble.words))
    asked.sort(key=lambda one: remedy(one[0].trouble.reason, one[0].trouble.words).weight)
    questions += [asking for _, asking in asked[:_MOST_ASKED]]
    again = min(min(waits).total_seconds(), _LONGEST_WAIT) if waits else None
    return Found(_worst(causes), tuple(questions), again)


def _question(pod: PodFacts) -> About | None:
    """Return whose Events may say more of a pod's trouble than its status does."""
    unplaced = pod.trouble.reason == PENDING or "PersistentVolumeClaim" in pod.trouble.words
    if pod.unbound is not None and unplaced:
        return About(VOLUME_NOT_BOUND, "PersistentVolumeClaim", pod.unbound, "")
    return about_pod(pod.trouble, pod.name, pod.uid) if wants_events(pod.trouble) else None


def _ask_after(trouble: PodTrouble) -> timedelta:
    return _ASK_AFTER if trouble.passing else _GRACE.get(trouble.reason, timedelta())


def _explained(pod: PodFacts, said: Told) -> _Cause:
    """Return the trouble in the words of an Event, where these say more than the pod's status does."""
    trouble = pod.trouble
    if trouble.reason == IMAGE_PULL:
        # Without its pull secret an image is refused, and the registry's refusal is what it comes to.
        words = (trouble.words or said.words,) if said.reason == "Failed" else (said.words, trouble.words)
        return _cause(pod.name, IMAGE_PULL, "; ".join(filter(None, words)))
    if not trouble.passing and pod.unbound is None:
        return _cause(pod.name, trouble.reason, f"{trouble.words}; {said.words}")
    return _cause(pod.unbound or pod.name, said.reason, said.words)


def _cause(who: str, reason: str, words: str) -> _Cause:
    return _Cause(who, words, remedy(reason, words))


def _worst(causes: Sequence[_Cause]) -> Trouble | None:
    if not causes:
        return None
    worst = min(causes, key=lambda cause: cause.remedy.weight)
    found = worst.remedy
    names = [cause.who for cause in causes if cause.remedy.reason == found.reason]
    who = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if (more := len(names) - _MOST_NAMES) > 0 else "")
    words = f": {steady(worst.words)}" if worst.words else ""
    return Trouble(found.reason, f"{who}: {found.reason}{words}; {found.advice}")
