"""The values of one figure in all rounds: their median, and how far they lie apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """Holds a value for each round; at least one."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.rounds)

    @property
    def low(self) -> float:
        """The lowest value."""
        return min(self.rounds)

    @property
    def high(self) -> float:
        """The highest value."""
        return max(self.rounds)

    def __str__(self) -> str:
        if len(self.rounds) == 1:
            return short(self.median)
        return f"{short(self.median)} ({short(self.low)}..{short(self.high)})"


def spread(values: Sequence[float]) -> Spread:
    """Make a spread of the values. Raises `ValueError` when there are none."""
    if not values:
        raise ValueError("a figure needs at least one round")
    return Spread(tuple(values))


def ratios(values: Sequence[float], beside: Sequence[float]) -> Spread:
    """Divide the two values of each round: noise that lasts for a round is in both of them, and cancels out.

    Raises `ValueError` when the two have not the same rounds.
    """
    return spread([value / other for value, other in zip(values, beside, strict=True)])


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def short(value: float) -> str:
    """Write a number with as many digits as noise leaves a meaning: two behind the point, three in all."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"
