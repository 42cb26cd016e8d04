"""Counts fleets by what their conditions say, on a gauge."""

from goproxy_operator.kube.resources import Key, Object
from goproxy_operator.metrics import FLEETS


class Tally:
    """Keeps the gauge of fleets by condition up to date, from being told each object as it is now."""

    def __init__(self) -> None:
        self._said: dict[Key, frozenset[tuple[str, str]]] = {}
        FLEETS.clear()

    def note(self, key: Key, item: Object | None) -> None:
        """Take what an object's conditions say; None: it is gone."""
        conditions = (item or {}).get("status", {}).get("conditions", ())
        says = frozenset((condition["type"], condition["status"]) for condition in conditions)
        before = self._said.pop(key, frozenset())
        if item is not None:
            self._said[key] = says
        for labels in before - says:
            FLEETS.labels(*labels).dec()
        for labels in says - before:
            FLEETS.labels(*labels).inc()
