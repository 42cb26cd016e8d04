"""What is known of a fleet at one moment: the object, and what its replicas answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from goproxy_operator.fleets.counting import Use, summed
from goproxy_operator.reach.fleet import Fleet, ReachError, ask_all, first_missing_right, reports
from modproxy.contract.report import Report
from modproxy.contract.top import TOP_BYTES, Top


@dataclass(frozen=True, slots=True)
class Seen:
    """A fleet at one moment."""

    fleet: Fleet
    now: float
    """Seconds since the epoch."""
    told: Mapping[str, Report] = field(default_factory=dict)
    """The reports, by the replica's name."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """Why replicas could not be asked, by name."""
    missing: str | None = None
    """The right that is missing to ask any."""
    top: tuple[Use, ...] | None = None
    """The modules that are used most; None where no replica tells."""


async def look(fleet: Fleet, *, with_top: int) -> Seen:
    """Ask the replicas for their reports, and for so many modules."""
    now = time.time()
    if fleet.unseen is not None:
        return Seen(fleet, now, missing=str(fleet.unseen))
    answers = await reports(fleet)
    missing = first_missing_right(answers)
    told = {name: one for name, one in answers.items() if isinstance(one, Report)}
    silent = {} if missing else {name: str(one) for name, one in answers.items() if isinstance(one, ReachError)}
    top = None
    if told and with_top:
        known, _ = await ask_top(fleet)
        top = summed(known, by="requests", limit=with_top) if known else None
    return Seen(fleet, now, told, silent, None if missing is None else str(missing), top)


async def ask_top(fleet: Fleet) -> tuple[list[Top], list[ReachError]]:
    """Return which modules each replica was asked for, and why others do not tell."""
    answers = await ask_all(fleet.replicas, "/-/top?limit=1000", largest=TOP_BYTES)
    known: list[Top] = []
    failed: list[ReachError] = []
    for name, answer in answers.items():
        if isinstance(answer, ReachError):
            failed.append(answer)
            continue
        try:
            known.append(Top.model_validate_json(answer))
        except ValidationError:
            failed.append(ReachError(f"replica {name}: its answer to /-/top is none: is its image one of modproxy?"))
    return known, failed
