"""What a measurement found, and how it is shown as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `limit` is the most it should be (`at_least`: the least), None where there is no target."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    at_least: bool = False

    @property
    def missed(self) -> bool:
        """Say whether there is a target that was not reached."""
        if self.limit is None:
            return False
        return self.value < self.limit if self.at_least else self.value > self.limit

    def row(self) -> tuple[str, str, str]:
        """Return the name, the value and the target as a table shows them."""
        target = "" if self.limit is None else f"{'>=' if self.at_least else '<='} {self.limit:g}"
        return self.name, f"{self.value:,.4g} {self.unit}".rstrip(), f"{target}{'  MISSED' if self.missed else ''}"


@dataclass(frozen=True, slots=True)
class Plot:
    """Named series of values: one box each, or with `sorted_curves` a line each of all values in ascending order."""

    series: Mapping[str, Sequence[float]]
    label: str
    sorted_curves: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A measurement's figures, and the series that are worth a picture."""

    title: str
    figures: list[Figure]
    plot: Plot | None = None
    notes: list[str] = field(default_factory=list)


def table(results: Sequence[Result]) -> str:
    """Lay all figures out in columns."""
    rows = [figure.row() for result in results for figure in result.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(2)] if rows else [0, 0]
    lines = []
    for result in results:
        lines.append(result.title)
        for name, value, target in (figure.row() for figure in result.figures):
            lines.append(f"  {name:<{widths[0]}}  {value:>{widths[1]}}  {target}".rstrip())
        lines += [f"  ({note})" for note in result.notes]
    return "\n".join(lines)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
