"""What a Prometheus may answer, and what is counted of it."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from goproxy_operator.__main__ import main
from goproxy_operator.api.monitoring import ObjectivesSpec
from goproxy_operator.client.arguments import Asking, fleet_url
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.desired.monitoring.objectives import made_objectives
from goproxy_operator.slo.judging import Measured, Verdict, judge
from goproxy_operator.slo.measuring import measure

AVAILABILITY = made_objectives(ObjectivesSpec())[0]


def vector(value: object) -> Any:
    return {"data": {"result": [] if value is None else [{"value": [1, value]}]}}


async def measured(bad: object, total: object) -> Measured:
    async def answer(request: web.Request) -> web.Response:
        found = bad if 'code=~"5.."' in request.query["query"] else total
        return web.json_response(found)

    app = web.Application()
    app.router.add_get("/api/v1/query", answer)
    async with TestServer(app) as server, FleetClient(Asking(fleet_url(f"http://127.0.0.1:{server.port}"))) as client:
        return await measure(client, AVAILABILITY, ('job="x"',), 1.0, 60)


@pytest.mark.parametrize("bad", ["NaN", "+Inf", "-Inf", None])
async def test_bad_events_that_nobody_can_count_are_not_taken_for_none(bad: object) -> None:
    found = await measured(vector(bad), vector("100000"))
    assert judge(AVAILABILITY, found, found).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize("total", ["NaN", None])
async def test_no_traffic_is_too_few(total: object) -> None:
    assert await measured(vector(total), vector(total)) == Measured(0, 0)


async def test_figures_are_counted() -> None:
    assert await measured(vector("3"), vector("500")) == Measured(3, 500)


@pytest.mark.parametrize("answer", [[1], {"data": {"result": "abc"}}, {"data": {"result": [{}]}}, {"data": 1}])
async def test_what_is_no_answer_is_told(answer: object) -> None:
    with pytest.raises(ClientError, match="no answer of a Prometheus"):
        await measured(answer, answer)


@pytest.mark.parametrize("percent", ["-5", "0", "100", "many", "85.5"])
def test_a_watermark_is_a_percentage(percent: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["slo", "check", "x", "--prometheus", "http://127.0.0.1:9", "--since", "1h", "--high-watermark", percent])
    assert "from 1 to 99" in capsys.readouterr().err
