"""Figures of rounds: medians and ratios."""

import pytest

from bench.figures.spread import percentile, ratios, short, spread


def test_ratios_are_taken_round_by_round() -> None:
    # The second round was twice as slow for both: that is noise, and no ratio.
    found = ratios([10, 20, 11], [5, 10, 5])
    assert found.rounds == (2, 2, 2.2)
    assert (found.low, found.median, found.high) == (2, 2, 2.2)


def test_the_ratio_of_medians_is_another_figure() -> None:
    assert ratios([1, 2, 30], [1, 20, 3]).median == 1


def test_rounds_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2], [1])


def test_no_round_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        spread([])


@pytest.mark.parametrize(
    ("values", "text"), [([1.0], "1.00"), ([1, 3, 2], "2.00 (1.00..3.00)"), ([0.05, 0.06], "0.055 (0.050..0.060)")]
)
def test_a_spread_is_shown_with_its_ends_when_there_are_several_rounds(values: list[float], text: str) -> None:
    assert str(spread(values)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0123, "0.012"), (0.98, "0.98"), (12.34, "12.3"), (54321.4, "54,321")]
)
def test_numbers_have_as_many_digits_as_mean_something(value: float, text: str) -> None:
    assert short(value) == text


def test_percentiles() -> None:
    values = list(range(100))
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [0, 50, 99, 99]
