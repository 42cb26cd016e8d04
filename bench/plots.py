"""Draws pictures of results, one file each."""

from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

from bench.result import Plot, Result

mpl.use("Agg")  # the machine may have no screen


def draw(result: Result, name: str, folder: Path) -> None:
    """Write the result's picture to `folder`, if it has one."""
    if result.plot is None:
        return
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    axes.set_title(result.title)
    if result.plot.sorted_curves:
        _curves(axes, result.plot)
    else:
        axes.boxplot(list(result.plot.series.values()), tick_labels=list(result.plot.series))
        axes.set_ylabel(result.plot.label)
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.4)
    figure.savefig(folder / f"{name}.svg")
    pyplot.close(figure)


def _curves(axes: Axes, plot: Plot) -> None:
    for name, values in plot.series.items():
        axes.plot([100 * n / len(values) for n in range(len(values))], sorted(values), label=name)
    axes.set_yscale("log")
    axes.set_ylabel(plot.label)
    axes.set_xlabel("percentile")
    axes.legend()
