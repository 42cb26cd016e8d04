"""Asks Prometheus how many events were bad, in a span of time before and after a moment."""

import json
import math
from urllib.parse import urlencode

from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.desired.monitoring.objectives import Objective
from goproxy_operator.desired.monitoring.queries import Queries
from goproxy_operator.slo.judging import Measured
from modproxy.contract.report_fields import plain_text

_ANSWER_BYTES = 1 << 20
"""The answer is one number. What is larger is no answer to the question."""
_STEP_SECONDS = 30
"""How often the state of the caches is looked at."""


async def measure(
    client: FleetClient, objective: Objective, matchers: tuple[str, ...], end: float, seconds: int
) -> Measured:
    """Count the events of the `seconds` before `end`, in seconds since the epoch. Raises `ClientError`.

    Where it is not known how many are bad, there is nothing to judge: no event is counted, rather than no bad one.
    """
    query = Queries(matchers, f"{seconds}s")
    bad = await _value(client, _counted(objective, objective.bad(query), seconds), end)
    total = await _value(client, _counted(objective, objective.total(query), seconds), end)
    if bad is None or total is None:
        return Measured(0.0, 0.0)
    return Measured(max(bad, 0.0), max(total, 0.0))


def _counted(objective: Objective, expression: str, seconds: int) -> str:
    if objective.of_requests:
        return f"({expression}) * {seconds}"
    return f"sum_over_time(({expression})[{seconds}s:{_STEP_SECONDS}s])"


async def _value(client: FleetClient, expression: str, moment: float) -> float | None:
    """Return the value of an expression; None where there is none, or where it is no number."""
    asked = urlencode({"query": expression, "time": f"{moment:.3f}"})
    body = await client.read("api/v1/query", _ANSWER_BYTES, query=asked)
    try:
        found = json.loads(body)["data"]["result"]
        value = float(found[0]["value"][1]) if found else None
    except (ValueError, LookupError, TypeError, RecursionError):
        said = plain_text(body[:200].decode(errors="replace"))
        raise ClientError(f"{client.url} gives no answer of a Prometheus, but: {said}") from None
    return value if value is not None and math.isfinite(value) else None
