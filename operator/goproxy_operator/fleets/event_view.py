"""The Events of a fleet: which ones are its own, and the table. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from goproxy_operator.desired import names
from goproxy_operator.fleets.reading import ago, number_at, seconds_of, text_at
from goproxy_operator.output import Grid, Line, Mood, Section, View, shown

Event = dict[str, Any]
_COLUMNS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


def of_fleet(events: Iterable[Event], fleet: str, types: Collection[str]) -> list[Event]:
    """Return the Events of the object, its children, its pods and its claims, of these types; the newest last."""
    found = [event for event in events if _concerns(event, fleet) and (not types or text_at(event, "type") in types)]
    return sorted(found, key=lambda event: seconds_of(last_seen(event)) or 0.0)


def last_seen(event: Event) -> str:
    """Return when an Event was last seen: of the newer API, of a series, or of the older API."""
    return (
        text_at(event, "series", "lastObservedTime")
        or text_at(event, "deprecatedLastTimestamp")
        or text_at(event, "eventTime")
        or text_at(event, "metadata", "creationTimestamp")
    )


def event_view(events: Sequence[Event], now: float) -> View:
    """Return the table."""
    if not events:
        told = "nothing was told of this fleet lately: Kubernetes keeps Events for an hour"
        return View([Section([Line(told, Mood.FAINT)])])
    rows = [_row(event, now) for event in events]
    moods = [Mood.WORTH_A_LOOK if text_at(event, "type") == "Warning" else Mood.PLAIN for event in events]
    return View([Section([Grid(_COLUMNS, rows, moods=moods)])])


def event_line(event: Event) -> str:
    """Return an Event in one line, as `--watch` writes it where the output is no terminal."""
    return "  ".join((shown(last_seen(event)), *_row(event, 0.0)[1:]))


def _row(event: Event, now: float) -> tuple[str, ...]:
    count = number_at(event, "series", "count") or number_at(event, "deprecatedCount") or 1
    seen = ago(last_seen(event), now)
    about = f"{text_at(event, 'regarding', 'kind').lower()}/{text_at(event, 'regarding', 'name')}"
    return (
        f"{seen or '-'}{f' (x{count})' if count > 1 else ''}",
        shown(text_at(event, "type")),
        shown(text_at(event, "reason")),
        shown(about),
        shown(text_at(event, "note")),
    )


def _concerns(event: Event, fleet: str) -> bool:
    kind, name = text_at(event, "regarding", "kind"), text_at(event, "regarding", "name")
    if (kind, name) == ("GoProxy", fleet) or (kind, name) in names.every_child(fleet):
        return True
    prefix = {"Pod": names.stateful_set(fleet), "PersistentVolumeClaim": names.claim(fleet, 0)[:-2]}.get(kind)
    return prefix is not None and name.startswith(f"{prefix}-") and name[len(prefix) + 1 :].isdecimal()
