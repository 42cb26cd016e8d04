"""Finds out why fleets do not come up. Thin: what is told, and what is asked for that, is decided in `decide`.

Events are read for a fleet that does not come up, and for no other: by their object, a few at a time, each time after a
longer pause. They are not watched: a cluster has more Events than all that the operator knows of it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from goproxy_operator.kube.errors import ApiError, NamespaceEndingError, UnreachableError
from goproxy_operator.kube.resources import EVENTS, Key
from goproxy_operator.reconcile.decide.told_by_events import About, Told, told
from goproxy_operator.reconcile.decide.trouble import Found, PodFacts, Trouble, TroubleFacts, find_trouble
from goproxy_operator.reconcile.observe import Observed
from goproxy_operator.reconcile.status.facts import StatusFacts
from goproxy_operator.timestamps import moment_of
from modproxy.contract.report_fields import plain_text

_log = logging.getLogger(__name__)
FIRST_PAUSE = 10.0
"""Seconds from one look at a fleet's Events to the next. Each further look doubles it, up to LONGEST_PAUSE."""
LONGEST_PAUSE = 300.0
_MOST_EVENTS = 50
"""Events of one object in one look. The kubelet tells of one pod at most so much before it tells less often."""


@dataclass(slots=True)
class _Looks:
    """What Events have said of one fleet, and when they may be looked at again."""

    due: float = 0.0
    pause: float = FIRST_PAUSE
    told: dict[About, Told | None] = field(default_factory=dict)


class Troubles:
    """Knows why fleets are not whole. `clock` tells seconds, and never goes back."""

    def __init__(self, observed: Observed, clock: Callable[[], float]) -> None:
        self._observed = observed
        self._clock = clock
        self._looks: dict[Key, _Looks] = {}

    async def find(
        self, key: Key, seen: StatusFacts, previous: Mapping[str, object]
    ) -> tuple[Trouble | None, float | None]:
        """Return what keeps a fleet from being whole, and in how many seconds to look again.

        `previous` is the status that is written: it says since when the fleet is not whole.
        """
        if seen.whole or seen.stateful_set is None:
            self._looks.pop(key, None)
            return None, None
        looks = self._looks.get(key, _Looks())
        facts = self._facts(key, seen, previous, looks.told)
        found = find_trouble(facts)
        if not found.questions:
            return found.trouble, found.again
        self._looks[key] = looks
        if self._clock() >= looks.due:
            await self._look(key, looks, found)
            found = find_trouble(self._facts(key, seen, previous, looks.told))
        waits = [wait for wait in (found.again, looks.due - self._clock()) if wait is not None]
        return found.trouble, max(min(waits), 0.0)

    def forget(self, key: Key) -> None:
        """Forget a fleet that is gone."""
        self._looks.pop(key, None)

    def _facts(
        self, key: Key, seen: StatusFacts, previous: Mapping[str, object], told: Mapping[About, Told | None]
    ) -> TroubleFacts:
        live = (seen.stateful_set or {})["metadata"]
        missing = max(seen.desired_replicas - seen.count("replicas"), 0) if seen.seen_by_its_controller else 0
        return TroubleFacts(
            stateful_set=live["name"],
            stateful_set_uid=live.get("uid", ""),
            missing=missing,
            since=_since(previous) or datetime.now(UTC),
            pods=[
                PodFacts(replica.name, replica.uid, replica.trouble, self._observed.unbound_claim(key, replica.name))
                for replica in seen.replicas
                if replica.trouble is not None
            ],
            now=datetime.now(UTC),
            told=told,
        )

    async def _look(self, key: Key, looks: _Looks, found: Found) -> None:
        looks.due = self._clock() + looks.pause
        looks.pause = min(looks.pause * 2, LONGEST_PAUSE)
        fresh: dict[About, Told | None] = {}
        for about in found.questions:
            try:
                events = await self._observed.client.list_some(
                    EVENTS, key.namespace, about.field_selector, _MOST_EVENTS
                )
            except NamespaceEndingError:
                raise
            except (ApiError, UnreachableError) as e:
                # The fleet is told of all the same, in fewer words.
                _log.info("%s/%s: its Events are not read: %s", *key, plain_text(str(e)))
                fresh[about] = looks.told.get(about)
            else:
                fresh[about] = told(about, events, datetime.now(UTC))
        looks.told = fresh


def _since(previous: Mapping[str, object]) -> datetime | None:
    conditions = previous.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if (condition["type"], condition["status"]) == ("Reconciling", "True"):
            return moment_of(condition["lastTransitionTime"])
    return None
