"""Results as text for a terminal."""

from collections.abc import Sequence

from bench.figures.result import Comparison, Figure, Goal, Result

_LEFT = "  "


def table(results: Sequence[Result]) -> str:
    """Lay all results out in columns, a comparison with a column for each server."""
    return "\n\n".join("\n".join(_of(result)) for result in results)


def _of(result: Result) -> list[str]:
    lines = [result.title]
    servers = list(dict.fromkeys(server for entry in result.comparisons for server in entry.servers))
    if servers:
        rows = [["", *servers, "goal"], *(_comparison(entry, servers) for entry in result.comparisons)]
        lines += columns(rows)
    lines += columns([_figure(figure) for figure in result.figures])
    return [*lines, *(f"{_LEFT}({note})" for note in result.notes)]


def _comparison(entry: Comparison, servers: Sequence[str]) -> list[str]:
    name = entry.name if entry.unit == "x" else f"{entry.name}, {entry.unit}"
    values = [str(entry.servers[server]) if server in entry.servers else "-" for server in servers]
    return [name, *values, _goal(entry.goal, entry.missed)]


def _figure(figure: Figure) -> list[str]:
    return [figure.name, f"{figure.value:,.4g} {figure.unit}".rstrip(), _goal(figure.goal, figure.missed)]


def _goal(goal: Goal | None, missed: bool) -> str:
    return "" if goal is None else f"{goal}{'  MISSED' if missed else ''}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows of equal length out: the first column to the left, the last as it is, those between to the right."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *between, last in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(between, widths[1:-1], strict=True)]
        lines.append(_LEFT + "  ".join([f"{first:<{widths[0]}}", *cells, last]).rstrip())
    return lines
