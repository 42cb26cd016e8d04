"""Draws the figures of the simulation over the number of replicas."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

from bench.simulation.scenarios import ARRANGEMENTS, PEERS, REPLICAS, STORE, Figures

mpl.use("Agg")  # the machine may have no screen
_COLOURS = dict(zip(ARRANGEMENTS, ("#8c959f", "#1f6feb", "#bf8700", "#8250df"), strict=True))
_STYLE: dict[Any, object] = {
    "svg.hashsalt": "scaling",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
}
_LINK_BYTES = 1.25e9
"""What a replica sends in a second: a link of 10 Gbit/s."""
_PANELS: tuple[tuple[str, Callable[[Figures], float], str], ...] = (
    ("requests to upstream, of 1000 of clients", lambda f: 1000 * f.upstream_requests / f.requests, "linear"),
    ("GB between replicas, of each TB to clients", lambda f: 1000 * f.between_bytes / f.client_bytes, "linear"),
    ("what the busiest replica sends, over the mean", lambda f: f.balance, "linear"),
    ("s of the busiest at a release of Go (10 Gbit/s)", lambda f: f.release_bytes / _LINK_BYTES, "log"),
)


def draw(figures: Sequence[Figures], file: Path) -> None:
    """Draw a panel for each question, with a line for each arrangement."""
    with mpl.rc_context(_STYLE):
        picture, grid = pyplot.subplots(2, 2, figsize=(8.4, 6.2), facecolor="white")
        for axes, (title, value, scale) in zip(grid.flat, _PANELS, strict=True):
            _panel(axes, title, figures, value, scale)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        picture.legend(handles, labels, loc="upper left", ncols=len(labels), frameon=False, fontsize=8.5)
        picture.subplots_adjust(left=0.07, right=0.98, top=0.89, bottom=0.08, hspace=0.38, wspace=0.2)
        picture.savefig(file, metadata={"Date": None, "Creator": None})
        pyplot.close(picture)


def _panel(axes: Axes, title: str, figures: Sequence[Figures], value: Callable[[Figures], float], scale: str) -> None:
    for arrangement in ARRANGEMENTS:
        chosen = [one for one in figures if one.arrangement == arrangement]
        values = [value(one) for one in chosen]
        if any(values):
            style = "--" if arrangement == STORE else "-"
            width = 2.4 if arrangement == PEERS else 1.4
            axes.plot(
                [one.replicas for one in chosen], values, style, marker="o", markersize=3, linewidth=width,
                color=_COLOURS[arrangement], label=arrangement,
            )  # fmt: skip
    axes.set_title(title, loc="left", fontweight="bold", fontsize=9)
    axes.set_xscale("log")
    axes.set_xticks(REPLICAS, [str(count) for count in REPLICAS])
    axes.minorticks_off()
    axes.set_yscale(scale)
    if scale == "linear":
        axes.set_ylim(bottom=0)
    axes.set_xlabel("replicas")
    axes.grid(color="#d0d7de", linewidth=0.5)
