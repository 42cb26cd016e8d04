"""The file that keeps what a run found: JSON with every round, the machine and the versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures.result import Comparison, Figure, Goal, Result
from bench.figures.spread import spread
from bench.machine.description import Description

SCHEMA = 1


def document(
    results: Mapping[str, Result], machine: Description, date: str, settings: Mapping[str, object]
) -> dict[str, Any]:
    """Make the document. `results` are by the measurement's name; `date` is an ISO 8601 date and time in UTC."""
    return {
        "schema": SCHEMA,
        "date": date,
        "machine": asdict(machine),
        "settings": dict(settings),
        "results": {name: _result(result) for name, result in results.items()},
    }


def write(made: Mapping[str, Any], file: Path) -> None:
    """Write the document, a figure a line where that is readable."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(made, indent=1) + "\n")


def read_results(made: Mapping[str, Any]) -> dict[str, Result]:
    """Read the results out of a document. Raises `ValueError` when it has another schema."""
    if made.get("schema") != SCHEMA:
        raise ValueError(f"the file has schema {made.get('schema')}, and only {SCHEMA} can be read: measure again")
    return {name: _read(entry) for name, entry in made["results"].items()}


def _result(result: Result) -> dict[str, Any]:
    return {
        "title": result.title,
        "comparisons": [
            {
                "name": entry.name,
                "unit": entry.unit,
                "goal": _goal(entry.goal),
                "servers": {
                    server: {"median": _rounded(values.median), "rounds": [_rounded(value) for value in values.rounds]}
                    for server, values in entry.servers.items()
                },
            }
            for entry in result.comparisons
        ],
        "figures": [
            {"name": figure.name, "value": _rounded(figure.value), "unit": figure.unit, "goal": _goal(figure.goal)}
            for figure in result.figures
        ],
        "notes": list(result.notes),
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _goal(goal: Goal | None) -> dict[str, object] | None:
    return None if goal is None else {"value": goal.value, "at_least": goal.at_least}


def _read(entry: Mapping[str, Any]) -> Result:
    return Result(
        entry["title"],
        [_read_figure(figure) for figure in entry["figures"]],
        [_read_comparison(comparison) for comparison in entry["comparisons"]],
        entry["notes"],
    )


def _read_figure(entry: Mapping[str, Any]) -> Figure:
    goal = entry["goal"]
    limit, at_least = (goal["value"], goal["at_least"]) if goal else (None, False)
    return Figure(entry["name"], entry["value"], entry["unit"], limit, at_least)


def _read_comparison(entry: Mapping[str, Any]) -> Comparison:
    servers = {name: spread(_floats(values["rounds"])) for name, values in entry["servers"].items()}
    goal = Goal(**entry["goal"]) if entry["goal"] else None
    return Comparison(entry["name"], servers, entry["unit"], goal)


def _floats(values: Sequence[float]) -> list[float]:
    return [float(value) for value in values]
