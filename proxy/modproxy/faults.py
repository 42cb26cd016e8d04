"""Faults of this program, for the keepers of the fleet: their cause is in the log of one pod, which nobody may read."""

import logging
import time
from collections.abc import Callable

_TOLD_SECONDS = 600.0
"""How long a fault is told after it has happened last."""
_MOST = 8
"""Faults of different places that are remembered."""
_TOLD_OTHERWISE = frozenset({"modproxy.background", "modproxy.in_force", "modproxy.config_file"})
"""Loggers whose faults the report tells in words of its own."""


class Faults(logging.Handler):
    """Notes each error that is logged with its traceback. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.ERROR)
        self._clock = clock
        self._seen: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        if record.exc_info and record.exc_info[0] is not None and record.name not in _TOLD_OTHERWISE:
            place = record.name, record.exc_info[0].__name__
            if place in self._seen or len(self._seen) < _MOST:
                self._seen[place] = self._clock()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The faults of the last ten minutes, without what clients have asked for."""
        now = self._clock()
        self._seen = {place: at for place, at in self._seen.items() if now - at < _TOLD_SECONDS}
        return tuple(
            f"a fault of this program: {kind} in {name}: some requests are answered 500. Its log has more: report it"
            for name, kind in self._seen
        )
