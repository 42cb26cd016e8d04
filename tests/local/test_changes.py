"""Which changes of a fleet are told, and which are not told twice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goproxy_operator.local.changes import changes
from goproxy_operator.local.state import Death, FleetState, Phase, ReplicaState
from goproxy_operator.local.table import HEADERS, notes, rows, totals
from tests.local.reports import report

MADE = ReplicaState("a-0", Phase.STARTING, "c1", admin_port=99)
STARTED = replace(MADE, pid=7)
READY = replace(STARTED, phase=Phase.RUNNING, report=report())
DEAD = replace(READY, phase=Phase.WAITING, pid=None, report=None, death=Death(-9, "last words"), restart_seconds=0.5)
AGAIN = replace(DEAD, phase=Phase.STARTING, pid=8, restarts=1)
REFUSED = replace(STARTED, phase=Phase.REFUSED, pid=None, death=Death(2, "bad"))
REWRITTEN = replace(READY, written_config="c2")
KEEPS = replace(REWRITTEN, report=report(error="why"))
PRESSED = replace(READY, report=report(pressure="9 MiB free"))
STOPPING = replace(READY, phase=Phase.STOPPING)


def fleet(*replicas: ReplicaState, problem: str | None = None) -> FleetState:
    return FleetState("a", replicas, problem)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param(fleet(), fleet(MADE), [], id="made, not yet started"),
        pytest.param(fleet(MADE), fleet(STARTED), ["a-0: started, pid 7, metrics on http://127.0.0.1:99/metrics"]),
        pytest.param(fleet(STARTED), fleet(READY), ["a-0: ready", "a: config in force on 1 of 1 replicas"], id="ready"),
        pytest.param(fleet(READY), fleet(READY), [], id="nothing"),
        pytest.param(fleet(READY), fleet(replace(READY, report=report(hits=1, requests=1))), [], id="figures only"),
        pytest.param(
            fleet(READY), fleet(replace(READY, report=report(ready=False))), ["a-0: not ready"], id="not ready"
        ),
        pytest.param(fleet(READY), fleet(DEAD), ["a-0: died (SIGKILL): last words; starts again in 0.5 s"], id="died"),
        pytest.param(fleet(DEAD), fleet(DEAD), [], id="still dead"),
        pytest.param(
            fleet(DEAD), fleet(AGAIN), ["a-0: started again, pid 8, metrics on http://127.0.0.1:99/metrics"], id="again"
        ),
        pytest.param(
            fleet(STARTED),
            fleet(REFUSED),
            ["a-0: does not take its config (exit 2): bad; starts again when the file changes"],
            id="refused",
        ),
        pytest.param(fleet(READY), fleet(REWRITTEN), ["a: a new config is written"], id="new config"),
        pytest.param(fleet(REWRITTEN), fleet(KEEPS), ["a-0: keeps the config it had: why"], id="config refused"),
        pytest.param(
            fleet(KEEPS),
            fleet(replace(KEEPS, report=report(config="c2"))),
            ["a: config in force on 1 of 1 replicas"],
            id="config taken",
        ),
        pytest.param(fleet(READY), fleet(PRESSED), ["a-0: disk pressure: 9 MiB free"], id="disk pressure"),
        pytest.param(
            fleet(PRESSED), fleet(replace(READY, report=report(pressure="8 MiB free"))), [], id="still disk pressure"
        ),
        pytest.param(fleet(PRESSED), fleet(READY), ["a-0: no more disk pressure"], id="no more disk pressure"),
        pytest.param(fleet(READY, replace(READY, name="a-1")), fleet(READY), ["a-1: leaves the fleet"], id="fewer"),
        pytest.param(fleet(READY), fleet(STOPPING), ["a-0: stopping"], id="stopping"),
        pytest.param(fleet(STOPPING), fleet(replace(STOPPING, phase=Phase.STOPPED)), ["a-0: stopped"], id="stopped"),
        pytest.param(fleet(), fleet(problem="bad file"), ["bad file"], id="a problem"),
        pytest.param(fleet(problem="bad file"), fleet(problem="bad file"), [], id="the same problem"),
        pytest.param(fleet(problem="bad file"), fleet(), ["a: the file is in order again"], id="no more problem"),
    ],
)
def test_changes(before: FleetState, after: FleetState, told: list[str]) -> None:
    assert changes(before, after) == told


@pytest.mark.parametrize(
    ("replica", "cells"),
    [
        pytest.param(MADE, ("a-0", "starting", "no", "-", "-", "-", "-", "0", "not yet"), id="made"),
        pytest.param(
            replace(READY, report=report(hits=1, requests=2, per_second=2.25, used=20 * 2**20, capacity=20 * 2**30)),
            ("a-0", "running", "yes", "2.2", "50", "20Mi / 20Gi", "3", "0", "in force"),
            id="ready",
        ),
        pytest.param(DEAD, ("a-0", "waiting, 0.5 s", "no", "-", "-", "-", "-", "0 (SIGKILL)", "not yet"), id="dead"),
        pytest.param(KEEPS, ("a-0", "running", "yes", "0", "-", "0 / 1000", "3", "0", "refused"), id="keeps the old"),
    ],
)
def test_rows(replica: ReplicaState, cells: tuple[str, ...]) -> None:
    assert rows(fleet(replica)) == [cells]
    assert len(cells) == len(HEADERS)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (fleet(MADE), "a: 0 of 1 ready, config in force on 0 of 1"),
        (
            fleet(replace(READY, report=report(hits=97, requests=100, per_second=412.4, used=620)), MADE),
            "a: 1 of 2 ready, 412 requests/s, 97% hits, fullest cache 620 of 1000 (62%), 3 objects, "
            "config in force on 1 of 2",
        ),
    ],
)
def test_totals(state: FleetState, line: str) -> None:
    assert totals(state) == line


def test_notes_say_what_no_cell_can_hold() -> None:
    assert notes(fleet(READY)) == []
    assert notes(fleet(PRESSED)) == ["a-0: disk pressure: 9 MiB free"]
    assert notes(fleet(DEAD, KEEPS, problem="bad file")) == [
        "a-0: died last with SIGKILL, its last line: last words",
        "a-0: keeps the config it had: why",
        "bad file",
    ]
