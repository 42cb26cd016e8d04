"""Whether an objective is met after a release, and whether the release is to blame. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from goproxy_operator.desired.monitoring.objectives import Objective

FEWEST_EVENTS = 100
"""Of fewer events a share says little."""
_SURE = 2.33
"""So many standard deviations lie between two shares that differ by chance in one of a hundred comparisons."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts the events of a span of time, and the bad ones of them."""

    bad: float
    total: float

    @property
    def share(self) -> float:
        """The share of bad events: between 0 and 1."""
        return min(max(self.bad / self.total, 0.0), 1.0) if self.total > 0 else 0.0

    @property
    def enough(self) -> bool:
        """Whether there are so many events that their share says something."""
        return self.total >= FEWEST_EVENTS


class Verdict(StrEnum):
    """What is found of an objective."""

    MET = "met"
    WORSE_WITHIN = "worse, within the objective"
    MISSED_BEFORE = "missed, as before"
    WORSE = "worse"
    MISSED = "missed"
    """There are too few events before the release to compare with."""
    TOO_FEW = "too few events"

    @property
    def fails(self) -> bool:
        """Whether a pipeline should stop."""
        return self in (Verdict.WORSE, Verdict.MISSED)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Tells what was found of one objective."""

    objective: Objective
    before: Measured
    after: Measured
    verdict: Verdict


def judge(objective: Objective, before: Measured, after: Measured) -> Judgement:
    """Compare what was measured before a release with what was measured after it."""
    return Judgement(objective, before, after, _verdict(objective, before, after))


def _verdict(objective: Objective, before: Measured, after: Measured) -> Verdict:
    if not after.enough:
        return Verdict.TOO_FEW
    worse = before.enough and _is_worse(before, after)
    if after.share <= objective.budget:
        return Verdict.WORSE_WITHIN if worse else Verdict.MET
    if not before.enough:
        return Verdict.MISSED
    return Verdict.WORSE if worse else Verdict.MISSED_BEFORE


def _is_worse(before: Measured, after: Measured) -> bool:
    """Compare two shares by the test for two proportions, so that chance stops no release."""
    pooled = (before.share * before.total + after.share * after.total) / (before.total + after.total)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / before.total + 1 / after.total))
    return spread > 0 and (after.share - before.share) / spread > _SURE


def failing(judgements: Sequence[Judgement], *, needs_data: bool) -> bool:
    """Say whether a pipeline should stop. `needs_data`: also where too few events tell nothing."""
    return any(one.verdict.fails or (needs_data and one.verdict is Verdict.TOO_FEW) for one in judgements)
