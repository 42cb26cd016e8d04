"""How the program logs: one line for each event, whatever text from outside it carries, and no flood of lines."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable

from modproxy.quoting import escape_controls

_LONGEST = 4000
"""Characters of a message. The rest of a longer one is left out."""
_WINDOW = 60.0
"""Seconds for which lines are counted."""
_MOST_ALIKE = 10
"""How many times the same line is written in a window."""
_MOST_OF_A_KIND = 2000
"""How many lines with the same words, but with other values, are written in a window: a busy replica fetches as many
files, and a client that asks for nonsense makes more.
"""
_MOST_OF_A_CAUSE = 20
"""How many lines that name the same `cause` are written in a window: one server that is down makes a line for each file
that anybody asks for.
"""
_MOST_REMEMBERED = 10_000


class LineFormatter(logging.Formatter):
    """Writes a record on one line, and each line of a traceback with an indentation that no first line has."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the base class
        """Write the line of a record."""
        message = escape_controls(record.message)
        record.message = message if len(message) <= _LONGEST else f"{message[:_LONGEST]} ..."
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name of the base class
        """Write a traceback, indented."""
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]  # passed on as it came
        return "\n".join(f"    {escape_controls(line)[:_LONGEST]}" for line in lines)


class RateLimit(logging.Filter):
    """Leaves out lines that repeat too often, and says with the next line of their kind how many were left out.

    `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._until = 0.0
        self._alike: Counter[str] = Counter()
        self._of_a_kind: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is written."""
        now = self._clock()
        if now >= self._until or len(self._alike) + len(self._of_a_kind) > _MOST_REMEMBERED:
            self._until = now + _WINDOW
            self._alike.clear()
            self._of_a_kind.clear()
        kind, line = str(record.msg), record.getMessage()
        most = _MOST_OF_A_KIND
        if cause := getattr(record, "cause", None):
            kind, most = f"{kind} {cause}", _MOST_OF_A_CAUSE
        self._alike[line] += 1
        self._of_a_kind[kind] += 1
        if self._alike[line] > _MOST_ALIKE or self._of_a_kind[kind] > most:
            if kind in self._left_out or len(self._left_out) < _MOST_REMEMBERED:
                self._left_out[kind] += 1
            return False
        if left_out := self._left_out.pop(kind, 0):
            record.msg, record.args = f"{line} ({left_out} lines like this were left out)", ()
        return True


def set_up_logging(*, verbose: bool) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    # aiohttp logs a traceback for each malformed request, which would let any client fill the disk.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
