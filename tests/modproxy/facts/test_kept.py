"""What is kept on disk of tree heads and of first sightings, over restarts and absurd files."""

import json
from pathlib import Path

import pytest

from modproxy.facts import first_seen
from modproxy.facts.first_seen import FirstSeen
from modproxy.facts.head_log import HeadLog
from modproxy.policy.known_heads import KNOWN_HEADS

ID = "sum.example.com+01234567"
HOUR = 3600.0


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_head_an_hour_is_kept_over_restarts(tmp_path: Path) -> None:
    clock = Clock()
    heads = HeadLog(tmp_path, clock)
    for minute in range(180):
        clock.now = 1_800_000_000.0 + minute * 60
        heads.saw(ID, 1000 + minute)
    assert [head.size for head in heads.heads(ID)] == [1000, 1060, 1120]
    assert HeadLog(tmp_path, clock).heads(ID) == heads.heads(ID)
    assert not list(tmp_path.glob("*.draft"))
    assert HeadLog(tmp_path, clock).heads("other.example.com+01234567") == []


def test_many_years_stay_small(tmp_path: Path) -> None:
    clock = Clock()
    heads = HeadLog(tmp_path, clock)
    heads.longest = 1000 * 24 * HOUR
    for step in range(3000):
        clock.now = 1_800_000_000.0 + step * 24 * HOUR
        heads.saw(ID, 1000 + step)
    assert len(heads.heads(ID)) <= 2002
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 128 << 10


@pytest.mark.parametrize("text", ["", "[", "7", '[["a", 1]]', "[[1, 2, 3]]", '[[1e999, 5], ["inf", 1]]', "[" * 100_000])
def test_an_absurd_file_counts_as_none(tmp_path: Path, text: str) -> None:
    clock = Clock()
    HeadLog(tmp_path, clock).saw(ID, 5)
    next(tmp_path.iterdir()).write_text(text)
    heads = HeadLog(tmp_path, clock)
    assert heads.heads(ID) == []
    heads.saw(ID, 7)
    assert [head.size for head in HeadLog(tmp_path, clock).heads(ID)] == [7]


def test_what_ships_counts_for_its_own_key_alone(tmp_path: Path) -> None:
    (known,) = KNOWN_HEADS
    heads = HeadLog(tmp_path, Clock())
    assert heads.heads(known) == list(KNOWN_HEADS[known])
    assert heads.heads(f"{known.partition('+')[0]}+00000000") == []


def test_first_sightings_survive_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    seen = FirstSeen(tmp_path / "seen", clock)
    began = clock.now
    assert seen.of("example.com/m", "v1.0.0") == began
    clock.now += HOUR
    assert seen.of("example.com/m", "v1.0.0") == began
    assert seen.known("example.com/m", "v1.1.0") is None
    with (tmp_path / "seen").open("ab") as file:
        file.write(b'["example.com/m@v2.0.0", 1e999]\n[[[[\n["x", "y"]\n')
        file.write(json.dumps(["f@v1", clock.now * 2]).encode())
    again = FirstSeen(tmp_path / "seen", clock)
    assert (again.born, again.of("example.com/m", "v1.0.0")) == (began, began)
    assert again.of("f", "v1") == clock.now  # a time to come is none
    monkeypatch.setattr(first_seen, "MOST_VERSIONS", 100)
    for number in range(500):
        again.of("example.com/many", f"v1.0.{number}")
    assert again.known("example.com/many", "v1.0.499") is not None
    assert again.known("example.com/many", "v1.0.0") is None
