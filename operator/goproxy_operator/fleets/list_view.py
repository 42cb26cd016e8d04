"""All fleets, a row each: the columns of `kubectl get goproxies`, and what is wrong. Pure."""

import time
from collections.abc import Sequence
from typing import Any

from goproxy_operator.fleets.reading import ago, condition, number_at, text_at
from goproxy_operator.fleets.status_view import troubles
from goproxy_operator.output import Grid, Line, Mood, Section, View, shown

_COLUMNS = ("NAME", "READY", "HIT%", "RPS", "STORAGE%", "TROUBLE", "ENDPOINT", "AGE")
_RIGHT = frozenset({"HIT%", "RPS", "STORAGE%", "AGE"})


def list_view(items: Sequence[dict[str, Any]], *, wide: bool, namespaces: bool, now: float | None) -> View:
    """Return the table. `namespaces` adds theirs, `wide` the class and the words of Ready; `now` is the present."""
    if not items:
        return View([Section([Line("there is no fleet here; -A looks in all namespaces", Mood.FAINT)])])
    moment = time.time() if now is None else now
    headers = (("NAMESPACE",) if namespaces else ()) + _COLUMNS + (("CLASS", "MESSAGE") if wide else ())
    rows = [_row(item, moment, wide=wide, namespaces=namespaces) for item in items]
    moods = [_mood(item) for item in items]
    return View([Section([Grid(headers, rows, _RIGHT, moods)])])


def _row(item: dict[str, Any], now: float, *, wide: bool, namespaces: bool) -> tuple[str, ...]:
    ready = condition(item, "Ready")
    cells = (
        shown(text_at(item, "metadata", "name")),
        shown(text_at(item, "status", "ready")),
        _figure(number_at(item, "status", "hitRatePercent")),
        _figure(number_at(item, "status", "requestsPerSecond")),
        _figure(number_at(item, "status", "storage", "percent")),
        troubles(item) or "-",
        shown(text_at(item, "status", "endpoint")),
        ago(text_at(item, "metadata", "creationTimestamp"), now) or "-",
    )
    before = (shown(text_at(item, "metadata", "namespace")),) if namespaces else ()
    after = (shown(text_at(item, "spec", "className")), shown(text_at(ready, "message"))) if wide else ()
    return before + cells + after


def _mood(item: dict[str, Any]) -> Mood:
    if text_at(condition(item, "Ready"), "status") != "True":
        return Mood.BAD
    return Mood.WORTH_A_LOOK if troubles(item) else Mood.PLAIN


def _figure(value: int | None) -> str:
    return "-" if value is None else str(value)
