"""What `make bench-check` holds the proxy to: ratios that were committed, and how far a run may fall behind them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SLACK = 2.0
"""A ratio fails when it is this many times worse than the committed one: noise of a shared machine is less."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Holds a ratio that a run found, and whether a larger one is better."""

    name: str
    value: float
    larger_is_better: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Says whether a ratio is good enough. `committed` is None where the baseline does not name the ratio."""

    ratio: Ratio
    committed: float | None

    @property
    def bound(self) -> float | None:
        """The worst value that passes."""
        if self.committed is None:
            return None
        return self.committed / SLACK if self.ratio.larger_is_better else self.committed * SLACK

    @property
    def passed(self) -> bool:
        """Whether the ratio is within its bound. A ratio without a baseline does not pass: nothing would hold it."""
        if self.bound is None:
            return False
        return self.ratio.value >= self.bound if self.ratio.larger_is_better else self.ratio.value <= self.bound

    def row(self) -> list[str]:
        """Return the cells of a table."""
        relation = ">=" if self.ratio.larger_is_better else "<="
        bound = "no baseline" if self.bound is None else f"{relation} {self.bound:.3g}"
        committed = "-" if self.committed is None else f"{self.committed:.3g}"
        return [self.ratio.name, f"{self.ratio.value:.3g}", committed, bound + ("" if self.passed else "  FAILED")]


def judge(found: Sequence[Ratio], committed: Mapping[str, float]) -> list[Verdict]:
    """Compare a run with the baseline."""
    return [Verdict(ratio, committed.get(ratio.name)) for ratio in found]


def read(file: Path) -> dict[str, float]:
    """Read the committed ratios by name."""
    committed: dict[str, float] = json.loads(file.read_text())
    return committed


def write(found: Sequence[Ratio], file: Path) -> None:
    """Commit to what a run found."""
    file.write_text(json.dumps({ratio.name: float(f"{ratio.value:.3g}") for ratio in found}, indent=2) + "\n")
