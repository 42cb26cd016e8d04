"""How a runner tells its user what happens: on a terminal by a live table, elsewhere by plain lines."""

import json
import logging
import os
import sys
import time
from typing import Protocol, Self, TextIO

from goproxy_operator.local.state import FleetState
from goproxy_operator.local.table import totals
from modproxy.contract.log_lines import JSON, JsonFormatter

SUMMARY_EVERY_SECONDS = 10.0


class Console(Protocol):
    """Shows a fleet to its user, from the start of the context to its end."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exc_info: object) -> None:
        """End. What was told stays readable."""

    def tell(self, line: str) -> None:
        """Tell an event, at once."""

    def said(self, replica: str, line: str) -> None:
        """Show a line that a replica wrote."""

    def show(self, state: FleetState) -> None:
        """Show the fleet as it is now."""


class PlainConsole:
    """Writes lines on standard output, and those of the replicas on standard error."""

    def __init__(self) -> None:
        self._told = ""
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None

    def tell(self, line: str) -> None:
        """Write the line."""
        _write(sys.stdout, line)

    def said(self, replica: str, line: str) -> None:
        """Write the line behind the replica's name."""
        _write(sys.stderr, f"{replica} | {line}")

    def show(self, state: FleetState) -> None:
        """Write the totals when they changed, at most once every `SUMMARY_EVERY_SECONDS`."""
        now, line = time.monotonic(), totals(state)
        if line != self._told and now - self._told_at >= SUMMARY_EVERY_SECONDS:
            self._told, self._told_at = line, now
            self.tell(line)


class JsonConsole(PlainConsole):
    """Writes each line as JSON, with the fields of `log_lines`: on standard output, and of the replicas on standard
    error.
    """

    def __init__(self) -> None:
        super().__init__()
        self._formatter = JsonFormatter()

    def tell(self, line: str) -> None:
        """Write the line."""
        _write(sys.stdout, self._formatter.format(_record(line)))

    def said(self, replica: str, line: str) -> None:
        """Write the line as it is if it is JSON, and add the replica's name."""
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            told = json.loads(self._formatter.format(_record(line)))
        _write(sys.stderr, json.dumps({**told, "pod": replica}))


def _record(line: str) -> logging.LogRecord:
    return logging.LogRecord(__package__, logging.INFO, "", 0, "%s", (line,), None)


def _write(stream: TextIO, line: str) -> None:
    try:
        print(line, file=stream, flush=True)
    except BrokenPipeError:
        # The reader of the pipe has ended, as `head` does. The fleet runs on without one.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_console(log_format: str) -> Console:
    """Return the console that suits standard output, and the format of logs."""
    if log_format == JSON:
        return JsonConsole()
    if not sys.stdout.isatty():
        return PlainConsole()
    # The import stands here because rich takes a while to load, and only a terminal needs it.
    from goproxy_operator.local.live import LiveConsole  # noqa: PLC0415

    return LiveConsole()
