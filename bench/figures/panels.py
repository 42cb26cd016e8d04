"""What the picture shows of a run's results: which comparisons stand on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.figures.result import Comparison, Result


@dataclass(frozen=True, slots=True)
class Panel:
    """Holds comparisons that share an axis, and so a unit."""

    title: str
    axis: str
    comparisons: Sequence[Comparison]

    @property
    def is_ratio(self) -> bool:
        """Whether 1 means the same as what the servers are compared with."""
        return all(entry.unit == "x" for entry in self.comparisons)

    @property
    def bars(self) -> float:
        """How many bars there are, and the room between them."""
        return sum(len(entry.servers) + 0.6 for entry in self.comparisons)

    @property
    def longest(self) -> float:
        """The largest value on the scale; 1 is always on it."""
        values = [values.high for entry in self.comparisons for values in entry.servers.values()]
        goals = [entry.goal.value for entry in self.comparisons if entry.goal]
        return max([1.0, *values, *goals])


def panels(results: Mapping[str, Result]) -> list[Panel]:
    """Choose what is shown: ratios of hits and of replays, and absolute figures that have a goal."""
    found = []
    if ratios := _chosen(results, "hits", "x"):
        found.append(
            Panel(
                "Hits: requests per CPU second of the server",
                "nginx serving the same files = 1; longer is better",
                ratios,
            )
        )
    if ratios := _chosen(results, "replay", "x", "over straight"):
        found.append(
            Panel(
                "First download of a real project: time",
                "the same download straight from upstream = 1; shorter is better",
                ratios,
            )
        )
    if times := [*_chosen(results, "replay", "s", "CPU"), *_chosen(results, "replay", "s", "warm")]:
        found.append(
            Panel(
                "The same project: CPU of the first download, time of the second", "seconds; shorter is better", times
            )
        )
    if rates := _chosen(results, "large_zip", "MB per CPU s"):
        found.append(Panel("One large cold zip", "MB per CPU second; longer is better", rates))
    memory = [*_chosen(results, "replay", "MiB"), *_chosen(results, "memory", "MiB", " s after ")]
    if memory:
        found.append(Panel("Memory of all processes of a server", "MiB; shorter is better", memory))
    return found


def _chosen(results: Mapping[str, Result], name: str, unit: str, part: str = "") -> list[Comparison]:
    if name not in results:
        return []
    return [entry for entry in results[name].comparisons if entry.unit == unit and part in entry.name]
