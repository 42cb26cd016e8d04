"""Draws the ratios of a run beside each other, as one picture for the README."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bench.figures.panels import Panel, panels
from bench.figures.result import Comparison, Result
from bench.figures.spread import short

mpl.use("Agg")  # the machine may have no screen
_OURS, _OTHERS, _GOAL, _TEXT = "#1f6feb", ("#8c959f", "#bf8700", "#8250df", "#57606a"), "#cf222e", "#1f2328"
_STYLE: dict[Any, object] = {
    "svg.hashsalt": "bench",  # ids are random otherwise, and the same figures would give another file
    "svg.fonttype": "none",  # letters as text: the file is small, and a reader can select them
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _TEXT,
    "axes.edgecolor": "#d0d7de",
    "axes.labelcolor": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
}
# All sizes are in inches. They are fixed, because a layout that a solver finds is not the same each time.
_WIDTH, _LEFT, _RIGHT = 8.4, 3.15, 0.1
_LEGEND, _ABOVE, _BELOW, _ROW = 0.3, 0.3, 0.52, 0.21
"""The legend; a panel's title, its axis, and a bar."""


def draw(results: Mapping[str, Result], file: Path) -> bool:
    """Draw what the picture shows of these results; say whether there was something to draw."""
    shown = panels(results)
    if not shown:
        return False
    colours = _colours(shown)
    height = _LEGEND + sum(_ABOVE + _ROW * panel.bars + _BELOW for panel in shown)
    with mpl.rc_context(_STYLE):
        # The ground is white also where a page is dark: each colour is chosen for it.
        figure = pyplot.figure(figsize=(_WIDTH, height), facecolor="white")
        top = height - _LEGEND
        for panel in shown:
            bars = _ROW * panel.bars
            top -= _ABOVE + bars
            place = (_LEFT / _WIDTH, top / height, 1 - (_LEFT + _RIGHT) / _WIDTH, bars / height)
            _panel(figure.add_axes(place), panel, colours)
            top -= _BELOW
        figure.legend(handles=_marks(colours), loc="upper left", ncols=len(colours) + 2, frameon=False, fontsize=8.5)
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    return True


def _marks(colours: Mapping[str, str]) -> list[Any]:
    servers: list[Any] = [Patch(color=colour, label=server) for server, colour in colours.items()]
    goal = Line2D([], [], color=_GOAL, label="goal")
    return [*servers, goal, Line2D([], [], color=_TEXT, linewidth=1, label="lowest to highest round")]


def _panel(axes: Axes, panel: Panel, colours: Mapping[str, str]) -> None:
    axes.set_title(panel.title, loc="left", fontweight="bold", fontsize=9.5)
    limit = panel.longest * 1.2
    row = 0.0
    places, names = [], []
    for entry in panel.comparisons:
        begin = row
        for server, values in entry.servers.items():
            axes.barh(row, values.median, 0.8, color=colours[server])
            axes.plot([values.low, values.high], [row, row], color=_TEXT, linewidth=1)
            axes.text(max(values.high, values.median) + limit / 100, row, short(values.median), va="center")
            row += 1
        _goal(axes, entry, begin, row)
        places.append((begin + row - 1) / 2)
        names.append(entry.name)
        row += 0.6
    if panel.is_ratio:
        axes.axvline(1, color="#57606a", linewidth=0.8, linestyle=":")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, limit)
    axes.set_xlabel(panel.axis, fontsize=8)
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _colours(shown: Sequence[Panel]) -> dict[str, str]:
    """Give each server one colour in all panels, the first one ours."""
    servers = dict.fromkeys(server for panel in shown for entry in panel.comparisons for server in entry.servers)
    return {server: _OURS if n == 0 else _OTHERS[(n - 1) % len(_OTHERS)] for n, server in enumerate(servers)}


def _goal(axes: Axes, entry: Comparison, begin: float, end: float) -> None:
    if entry.goal:
        axes.plot([entry.goal.value] * 2, [begin - 0.55, end - 0.45], color=_GOAL, linewidth=1.5)
