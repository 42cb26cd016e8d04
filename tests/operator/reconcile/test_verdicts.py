"""When the verdicts have moved, and when they are of all fleets."""

from __future__ import annotations

import asyncio

from goproxy_operator.kube.resources import Key
from goproxy_operator.reconcile.decide.audit import Verdict
from goproxy_operator.reconcile.verdicts import Verdicts

FLEETS = [Key("build", "team-a"), Key("build", "team-b")]
OF_STANDARD = Verdict(("standard",))


def test_the_same_verdict_is_no_move() -> None:
    verdicts = Verdicts()
    verdicts.note(FLEETS[0], OF_STANDARD)
    moves = verdicts.moves
    verdicts.note(FLEETS[0], Verdict(("standard",)))
    verdicts.unknown(FLEETS[0])
    assert (verdicts.moves, verdicts.found) == (moves, {FLEETS[0]: OF_STANDARD})
    verdicts.forget(FLEETS[1])
    assert verdicts.moves == moves
    verdicts.forget(FLEETS[0])
    assert verdicts.moves == moves + 1


def test_a_fleet_that_cannot_be_judged_keeps_no_status_back() -> None:
    verdicts = Verdicts()
    verdicts.note(FLEETS[0], OF_STANDARD)
    assert not verdicts.are_of(FLEETS)
    verdicts.unknown(FLEETS[1])
    assert verdicts.are_of(FLEETS)


async def test_a_move_is_waited_for_once() -> None:
    verdicts = Verdicts()
    verdicts.note(FLEETS[0], OF_STANDARD)
    await verdicts.wait()
    waiting = asyncio.create_task(verdicts.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    verdicts.move()
    await waiting
