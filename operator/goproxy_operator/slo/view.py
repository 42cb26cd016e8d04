"""What `slo check` shows of its judgements. Pure."""

from collections.abc import Sequence
from typing import Any

from goproxy_operator.output import API_VERSION, Grid, Line, Mood, Section, View
from goproxy_operator.slo.judging import FEWEST_EVENTS, Judgement, Measured, Verdict

_MOODS = {
    Verdict.MET: Mood.GOOD,
    Verdict.WORSE_WITHIN: Mood.WORTH_A_LOOK,
    Verdict.MISSED_BEFORE: Mood.WORTH_A_LOOK,
    Verdict.WORSE: Mood.BAD,
    Verdict.MISSED: Mood.BAD,
    Verdict.TOO_FEW: Mood.FAINT,
}


def check_view(fleet: str, judgements: Sequence[Judgement], *, fails: bool) -> View:
    """Return the table, and the verdict below it. `fleet` is NAMESPACE/NAME."""
    rows = [
        (
            one.objective.title,
            f"{one.objective.percent:g} %",
            _good(one.before),
            _good(one.after),
            f"{one.after.bad:.0f} of {one.after.total:.0f}",
            str(one.verdict),
        )
        for one in judgements
    ]
    headers = ("OBJECTIVE", "TARGET", "BEFORE", "AFTER", "BAD", "VERDICT")
    grid = Grid(headers, rows, frozenset(headers[1:5]), [_MOODS[one.verdict] for one in judgements])
    return View([Section([grid]), Section([_summary(fleet, judgements, fails=fails)])])


def _good(measured: Measured) -> str:
    return f"{(1 - measured.share) * 100:.4g} %" if measured.enough else "-"


def _summary(fleet: str, judgements: Sequence[Judgement], *, fails: bool) -> Line:
    bad = [one.objective.name for one in judgements if one.verdict.fails]
    if bad:
        return Line(f"{fleet}: missed since the release, and not as before: {', '.join(bad)}", Mood.BAD)
    silent = [one.objective.name for one in judgements if one.verdict is Verdict.TOO_FEW]
    if silent and not any(one.before.total or one.after.total for one in judgements):
        words = (
            f"{fleet}: this Prometheus has nothing of this fleet: check NAME and --namespace, and that it "
            "scrapes the fleet (its page /targets)"
        )
        return Line(words, Mood.BAD if fails else Mood.WORTH_A_LOOK)
    if silent:
        words = f"{fleet}: fewer than {FEWEST_EVENTS} events tell of {', '.join(silent)}"
        return Line(words, Mood.BAD if fails else Mood.WORTH_A_LOOK)
    return Line(f"{fleet}: no objective is worse than before and missed", Mood.GOOD)


def check_document(fleet: str, judgements: Sequence[Judgement], *, fails: bool) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ObjectiveCheck",
        "fleet": fleet,
        "passed": not fails,
        "objectives": [
            {
                "name": one.objective.name,
                "targetPercent": one.objective.percent,
                "before": _measured(one.before),
                "after": _measured(one.after),
                "verdict": one.verdict.name.title().replace("_", ""),
            }
            for one in judgements
        ],
    }


def _measured(measured: Measured) -> dict[str, Any]:
    return {"bad": round(measured.bad), "total": round(measured.total), "badShare": round(measured.share, 6)}
