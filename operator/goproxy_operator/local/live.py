"""The live table on a terminal. It is drawn by rich."""

import time
from collections import deque
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from goproxy_operator.local.state import FleetState
from goproxy_operator.local.table import HEADERS, notes, rows, totals

LOG_LINES = 6
REDRAW_SECONDS = 0.25
_RIGHT = {"req/s", "hit %", "objects"}


class LiveConsole:
    """Keeps a table at the bottom of the terminal. Events scroll by above it, the replicas' lines stand below it."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._state: FleetState | None = None
        self._drawn_at = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._draw()
        self._live.stop()

    def tell(self, line: str) -> None:
        """Write the line above the table, unbroken, so that the user can paste it."""
        self._console.print(Text(line), soft_wrap=True)

    def said(self, replica: str, line: str) -> None:
        """Keep the line for the next drawing."""
        self._log.append(f"{replica} | {line}")

    def show(self, state: FleetState) -> None:
        """Draw the table, unless it was drawn a moment ago; the next report then brings the next drawing."""
        self._state = state
        if time.monotonic() - self._drawn_at >= REDRAW_SECONDS:
            self._draw()

    def _draw(self) -> None:
        if self._state is not None:
            self._drawn_at = time.monotonic()
            self._live.update(_render(self._state, list(self._log)), refresh=True)


def _render(state: FleetState, log: list[str]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in HEADERS:
        table.add_column(header, justify="right" if header in _RIGHT else "left", no_wrap=True, overflow="ellipsis")
    for cells, replica in zip(rows(state), state.replicas, strict=True):
        table.add_row(*(Text(cell) for cell in cells), style="" if replica.ready else "yellow")
    parts: list[RenderableType] = [table, Text(totals(state), style="bold")]
    parts.extend(Text(line, style="red") for line in notes(state))
    parts.extend(Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in log)
    return Group(*parts)
