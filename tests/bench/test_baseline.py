"""The bounds of `make bench-check`."""

from pathlib import Path

import pytest

from bench.baseline import Ratio, judge, read, write
from bench.check import BASELINE


@pytest.mark.parametrize(
    ("value", "larger_is_better", "passes"),
    [
        (1.0, True, True),
        (0.5, True, True),
        (0.49, True, False),
        (9.0, True, True),
        (1.0, False, True),
        (2.0, False, True),
        (2.01, False, False),
        (0.1, False, True),
    ],
)
def test_a_ratio_fails_when_it_fell_by_half(value: float, larger_is_better: bool, passes: bool) -> None:
    (verdict,) = judge([Ratio("x", value, larger_is_better)], {"x": 1.0})
    assert verdict.passed is passes
    assert verdict.row()[-1].endswith("FAILED") is not passes


def test_a_ratio_without_a_baseline_fails() -> None:
    (verdict,) = judge([Ratio("new", 1.0, larger_is_better=True)], {"old": 1.0})
    assert not verdict.passed
    assert verdict.row() == ["new", "1", "-", "no baseline  FAILED"]


def test_a_run_passes_by_the_baseline_that_it_wrote(tmp_path: Path) -> None:
    found = [Ratio("a", 1.23456, larger_is_better=True), Ratio("b", 0.00123456, larger_is_better=False)]
    write(found, tmp_path / "baseline.json")
    assert read(tmp_path / "baseline.json") == {"a": 1.23, "b": 0.00123}
    assert all(verdict.passed for verdict in judge(found, read(tmp_path / "baseline.json")))


def test_the_committed_baseline_is_of_positive_ratios() -> None:
    committed = read(BASELINE)
    assert committed
    assert all(value > 0 for value in committed.values())
