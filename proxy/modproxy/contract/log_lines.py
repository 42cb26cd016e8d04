"""How both programs log: one line for each event, whatever text from outside it carries, and no flood of lines.

The lines are text for people, or JSON for collectors, with the same fields in both programs.
"""

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from modproxy.quoting import escape_controls

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
"""The values of the flag `--log-format` of both programs."""
FORMAT_HELP = "how events are logged: text for people, or json for collectors, one object a line (default: text)"
FIELDS = ("namespace", "fleet", "pod", "host", "target", "req_id", "trace_id")
"""What a line in JSON may have besides time, level, logger, message and exception. A record gets one by `extra`."""
REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="")
"""Names the client's request that the running code works for. Tasks that a request begins inherit it."""
TRACE_ID: ContextVar[str] = ContextVar("TRACE_ID", default="")
"""Names the trace that this request belongs to; empty for none."""
_LONGEST = 4000
"""Characters of a message. The rest of a longer one is left out."""
_LONGEST_TRACEBACK = 32_000
"""Characters of a traceback in JSON. Collectors cut lines of more than 64 KiB or so."""
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
_log = logging.getLogger(__name__)


class LineFormatter(logging.Formatter):
    """Writes a record on one line, and each line of a traceback with an indentation that no first line has."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the base class
        """Write the line of a record."""
        record.message = _cut(escape_controls(record.message), _LONGEST)
        if request_id := getattr(record, "req_id", ""):
            trace_id = getattr(record, "trace_id", "")
            record.message += f" [req_id {request_id}{f' trace_id {trace_id}' if trace_id else ''}]"
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 - the name of the base class
        """Write a traceback, indented."""
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]  # passed on as it came
        return "\n".join(f"    {escape_controls(line)[:_LONGEST]}" for line in lines)


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object on one line, a traceback included. `fields` are the same in each line."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._fields = dict(fields or {})

    def format(self, record: logging.LogRecord) -> str:
        """Write the line of a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname,
            "logger": record.name,
            "message": _cut(escape_controls(record.getMessage()), _LONGEST),
            **self._fields,
        }
        for field in FIELDS:
            if (value := getattr(record, field, None)) is not None:
                line[field] = _cut(escape_controls(str(value)), _LONGEST)
        if record.exc_info:
            line["exception"] = _cut(self.formatException(record.exc_info), _LONGEST_TRACEBACK)
        return json.dumps(line)


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


class RequestNamed(logging.Filter):
    """Gives each record the name of the request that it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Note the name, if there is one. Returns True."""
        if request_id := REQUEST_ID.get():
            record.req_id = request_id
        if trace_id := TRACE_ID.get():
            record.trace_id = trace_id
        return True


def set_up_logging(log_format: str, *, verbose: bool, fields: Mapping[str, str] | None = None) -> None:
    """Log to standard error in one of `FORMATS`. `fields` are in each line of JSON, besides the pod in a cluster."""
    handler = logging.StreamHandler(sys.stderr)
    if log_format == JSON:
        handler.setFormatter(JsonFormatter({**(fields or {}), **_own_pod()}))
    else:
        handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RateLimit())
    handler.addFilter(RequestNamed())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _end
    # aiohttp logs a traceback for each malformed request, which would let any client fill the disk.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


def tell_end(program: str, why: str) -> None:
    """Write in one line why the program ends: for people behind its name, in JSON as an event like the others."""
    told = escape_controls(why)
    if any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers):
        logging.getLogger(program).critical("%s", told)
    else:
        sys.stderr.write(f"{program}: {told}\n")


def printable(line: str) -> str:
    """Return a line of another program, with what a terminal would obey in it escaped."""
    return escape_controls(line)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} ..."


def _own_pod() -> dict[str, str]:
    """Return the name of this pod, which is its host's name. The kubelet gives each pod the variable."""
    return {"pod": os.uname().nodename} if "KUBERNETES_SERVICE_HOST" in os.environ else {}


def _end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.critical("the program ends by an unexpected error", exc_info=(kind, error, trace))
