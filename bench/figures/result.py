"""What a measurement found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.figures.spread import Spread, spread


@dataclass(frozen=True, slots=True)
class Goal:
    """Says how large a value may be at most, or with `at_least` has to be at least."""

    value: float
    at_least: bool = False

    def missed(self, value: float) -> bool:
        """Say whether a value does not reach the goal."""
        return value < self.value if self.at_least else value > self.value

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares servers by one figure. The goal counts for the first server, which is ours."""

    name: str
    servers: Mapping[str, Spread]
    unit: str = "x"
    goal: Goal | None = None

    @property
    def missed(self) -> bool:
        """Say whether there is a goal that our server did not reach."""
        ours = next(iter(self.servers.values()))
        return self.goal is not None and self.goal.missed(ours.median)


@dataclass(frozen=True, slots=True)
class Figure:
    """Holds one number. `limit` is the most it should be (`at_least`: the least), None where there is no goal."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    at_least: bool = False

    @property
    def goal(self) -> Goal | None:
        """The limit as a goal."""
        return None if self.limit is None else Goal(self.limit, self.at_least)

    @property
    def missed(self) -> bool:
        """Say whether there is a goal that was not reached."""
        return self.goal is not None and self.goal.missed(self.value)


@dataclass(frozen=True, slots=True)
class Result:
    """Holds what one measurement found."""

    title: str
    figures: Sequence[Figure] = ()
    comparisons: Sequence[Comparison] = ()
    notes: Sequence[str] = field(default=())

    @property
    def missed(self) -> list[str]:
        """Names what did not reach its goal."""
        entries: list[Comparison | Figure] = [*self.comparisons, *self.figures]
        return [entry.name for entry in entries if entry.missed]


def compare(name: str, rounds: Mapping[str, Sequence[float]], unit: str = "x", goal: Goal | None = None) -> Comparison:
    """Make a comparison of each server's values in all rounds."""
    return Comparison(name, {server: spread(values) for server, values in rounds.items()}, unit, goal)
