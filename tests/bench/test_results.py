"""What a run leaves: the file with every round, and the picture."""

import json
from pathlib import Path

import pytest

from bench.figures.panels import panels
from bench.figures.result import Comparison, Figure, Goal, Result
from bench.figures.results_file import document, read_results, write
from bench.figures.spread import spread
from bench.machine.description import Description

MACHINE = Description("Some CPU", 2, 24.0, "Linux 6.1", "bound", {"python": "3.13.1"})
RESULTS = {
    "hits": Result(
        "Hits",
        comparisons=[
            Comparison(
                "mixed", {"modproxy": spread([0.9, 1.1, 1.0]), "other": spread([0.4])}, goal=Goal(1, at_least=True)
            ),
            Comparison("mixed", {"modproxy": spread([50000.0])}, "requests per CPU s"),
        ],
    ),
    "replay": Result(
        "Replay",
        comparisons=[
            Comparison("cold: time over straight", {"modproxy": spread([3.5])}, goal=Goal(4)),
            Comparison("cold: modproxy's time over other", {"modproxy": spread([0.5])}, goal=Goal(1)),
            Comparison("peak memory", {"modproxy": spread([79.0])}, "MiB", Goal(80)),
        ],
        notes=["a note"],
    ),
    "start_up": Result("Start", [Figure("first hit", 1.5, "s", limit=2), Figure("all counted", 9.0, "s")]),
}


def test_a_results_file_says_all_that_a_run_found(tmp_path: Path) -> None:
    made = document(RESULTS, MACHINE, "2026-01-02T03:04:05+00:00", {"rounds": 3, "peers": ["other"]})
    write(made, tmp_path / "results" / "x.json")
    read = json.loads((tmp_path / "results" / "x.json").read_text())
    assert document(read_results(read), MACHINE, made["date"], made["settings"]) == read == made
    assert read["machine"]["versions"] == {"python": "3.13.1"}
    assert (read["date"], read["settings"]["peers"]) == ("2026-01-02T03:04:05+00:00", ["other"])
    assert read["results"]["hits"]["comparisons"][0]["servers"]["modproxy"] == {
        "median": 1.0,
        "rounds": [0.9, 1.1, 1.0],
    }


def test_a_file_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 7"):
        read_results({"schema": 7, "results": {}})


def test_a_panel_has_figures_of_one_unit() -> None:
    found = panels(RESULTS)
    assert [[entry.name for entry in panel.comparisons] for panel in found] == [
        ["mixed"],
        ["cold: time over straight"],
        ["peak memory"],
    ]
    assert [panel.is_ratio for panel in found] == [True, True, False]
    assert [panel.longest for panel in found] == [1.1, 4, 80]


def test_there_is_no_panel_without_figures() -> None:
    assert panels({"start_up": RESULTS["start_up"]}) == []


def test_the_picture_is_small_and_the_same_for_the_same_figures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="requirements/bench.txt is not installed (make bench)")
    from bench.figures.picture import draw

    assert draw(RESULTS, tmp_path / "a.svg")
    assert draw(RESULTS, tmp_path / "b.svg")
    picture = (tmp_path / "a.svg").read_bytes()
    assert picture == (tmp_path / "b.svg").read_bytes()
    assert len(picture) < 100_000
    assert b"mixed" in picture
    assert not draw({"start_up": RESULTS["start_up"]}, tmp_path / "c.svg")
