"""What is said to make a replica slow, when it begins, when it lasts, and when it ends."""

from typing import Any

import pytest

from modproxy.contract.report_resources import ResourcesState
from modproxy.resources.slowness import LASTING_SECONDS, SlownessJudge


def state(**figures: Any) -> ResourcesState:
    return ResourcesState(seconds=60.0, **figures)


@pytest.mark.parametrize(
    ("figures", "kinds", "words"),
    [
        ({}, [], ""),
        ({"cpu_withheld_percent": 9.9, "cpu_pressure_percent": 100.0}, [], ""),
        ({"cpu_withheld_percent": 38.0}, ["cpuWithheld"], "CPU was withheld for 38 % of the last minute"),
        # The kernel counts what the limit stops as waiting for a CPU.
        ({"cpu_withheld_percent": 38.0, "cpu_pressure_percent": 99.0}, ["cpuWithheld"], "38 %"),
        ({"cpu_withheld_percent": 0.0, "cpu_pressure_percent": 70.0}, ["cpuShort"], "the node is busy"),
        ({"cpu_pressure_percent": 59.0}, [], ""),
        ({"memory_bytes": 97, "memory_limit_bytes": 100}, ["memoryShort"], "memory is at 97 % of its limit"),
        ({"memory_bytes": 97}, [], ""),
        ({"memory_pressure_percent": 20.0}, ["memoryShort"], "threads waited for memory in 20 %"),
        ({"io_pressure_percent": 80.0}, ["ioSlow"], "waited for the disk"),
        ({"open_descriptors": 95, "descriptor_limit": 100}, ["descriptorsShort"], "95 of 100"),
        ({"open_descriptors": 95}, [], ""),
        ({"loop_lag_p99_seconds": 0.25}, ["eventLoopBusy"], "late by 250 ms"),
    ],
)
def test_what_is_found(figures: dict[str, Any], kinds: list[str], words: str) -> None:
    found = SlownessJudge().judge(state(**figures), 1000.0)
    assert [one.kind for one in found] == kinds
    assert words in " ".join(one.finding for one in found)
    assert all(one.remedy and one.since == 1000.0 and not one.lasting for one in found)


def test_it_begins_high_and_ends_low() -> None:
    judge = SlownessJudge()
    told = [bool(judge.judge(state(cpu_withheld_percent=value), 0.0)) for value in (7.0, 10.0, 7.0, 5.0, 4.9, 7.0)]
    assert told == [False, True, True, True, False, False]


def test_what_lasts_ends_only_after_it_was_gone_for_as_long() -> None:
    judge, high, low = SlownessJudge(), state(cpu_withheld_percent=50.0), state(cpu_withheld_percent=0.0)

    def lasting(figures: ResourcesState, now: float) -> list[bool]:
        return [one.lasting for one in judge.judge(figures, now)]

    assert lasting(high, 0.0) == [False]
    assert lasting(high, LASTING_SECONDS) == [True]
    assert lasting(low, LASTING_SECONDS + 5) == [True]
    assert lasting(low, 2 * LASTING_SECONDS) == [True]
    assert lasting(high, 2 * LASTING_SECONDS + 1) == [True]
    assert lasting(low, 2 * LASTING_SECONDS + 2) == [True]
    assert lasting(low, 3 * LASTING_SECONDS + 2) == []
    assert lasting(high, 3 * LASTING_SECONDS + 3) == [False]


def test_figures_that_are_told_no_more_are_no_finding() -> None:
    judge = SlownessJudge()
    assert judge.judge(state(io_pressure_percent=90.0), 0.0)
    assert judge.judge(state(), 1.0) == ()
    assert judge.judge(state(io_pressure_percent=90.0), 2.0)[0].since == 2.0
