"""The table for a terminal."""

from bench.figures.result import Comparison, Figure, Goal, Result
from bench.figures.spread import spread
from bench.figures.table import table

RESULT = Result(
    "Hits",
    [Figure("first hit", 3.0, "s", limit=2), Figure("all counted", 12.5, "s")],
    [
        Comparison("small", {"ours": spread([0.5]), "other": spread([1, 3])}, goal=Goal(1, at_least=True)),
        Comparison("memory", {"ours": spread([54]), "nginx": spread([7])}, "MiB", Goal(55)),
    ],
    ["medians"],
)


def test_a_comparison_has_a_column_for_each_server_of_its_result() -> None:
    assert table([RESULT]).splitlines() == [
        "Hits",
        "               ours              other  nginx  goal",
        "  small        0.50  2.00 (1.00..3.00)      -  >= 1  MISSED",
        "  memory, MiB  54.0                  -   7.00  <= 55",
        "  first hit       3 s  <= 2  MISSED",
        "  all counted  12.5 s",
        "  (medians)",
    ]


def test_what_was_missed_is_named() -> None:
    assert RESULT.missed == ["small", "first hit"]


def test_a_goal_that_is_just_reached_is_not_missed() -> None:
    assert not Goal(1, at_least=True).missed(1)
    assert not Goal(4).missed(4)
    assert Goal(4).missed(4.01)


def test_a_result_without_figures_has_its_title_and_notes() -> None:
    assert table([Result("SKIPPED", notes=["no network"])]) == "SKIPPED\n  (no network)"
