"""What a search engine may answer, and what is made of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from goproxy_operator.__main__ import main
from goproxy_operator.client.arguments import Asking, fleet_url
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.fleet_client import FleetClient
from goproxy_operator.inventory import search
from goproxy_operator.inventory.search import records

WHOLE = {"_scroll_id": "s", "_shards": {"total": 1, "failed": 0}, "timed_out": False}


class Engine:
    """Answers the first search, and all others with nothing more."""

    def __init__(self) -> None:
        self.first: Any = {**WHOLE, "hits": {"hits": []}}
        self.later: Any = {**WHOLE, "hits": {"hits": []}}
        self.asked: list[Any] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            return web.Response(status=403)
        self.asked.append(await request.json())
        found = self.first if request.path.endswith("/audit/_search") else self.later
        return web.Response(text=json.dumps(found))

    async def read(self, fleet: str = "") -> list[Any]:
        async with FleetClient(Asking(fleet_url(self.url))) as client:
            return [one async for one in records(client, "audit", fleet, 0.0, 1.0)]


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    made, app = Engine(), web.Application()
    app.router.add_route("*", "/{any:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = f"http://127.0.0.1:{server.port}"
        yield made


async def test_a_right_that_is_missing_to_end_a_scroll_loses_nothing(engine: Engine) -> None:
    engine.first = {**WHOLE, "hits": {"hits": [{"_source": {"module": "a"}}, 7, {"_source": 8}]}}
    assert await engine.read() == [{"module": "a"}]


async def test_the_fleet_of_a_record_is_asked_for(engine: Engine) -> None:
    """The words of one fleet's name may stand in that of another, such as `build/team-a` in `build/team-a-2`."""
    await engine.read("build/team-a")
    assert "fleet" in engine.asked[0]["_source"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "has no hits"),
        ({"hits": [1]}, "has no hits"),
        ({"hits": {"hits": {"a": 1}}}, "has no hits"),
        ([1], "no answer of Elasticsearch"),
        ({**WHOLE, "hits": {"hits": []}, "timed_out": True}, "a part of the index only"),
        ({**WHOLE, "hits": {"hits": []}, "_shards": {"total": 5, "failed": 4}}, "a part of the index only"),
    ],
)
async def test_what_is_no_whole_answer_is_refused(engine: Engine, answer: Any, words: str) -> None:
    engine.first = answer
    with pytest.raises(ClientError, match=words):
        await engine.read()


async def test_a_server_that_always_has_more_comes_to_an_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_MOST_PAGES", 3)
    engine.first = engine.later = {**WHOLE, "hits": {"hits": [{"_source": {}}]}}
    with pytest.raises(ClientError, match="take a shorter time"):
        await engine.read()
    assert len(engine.asked) == 4


def test_a_compressed_file_is_told(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "audit.jsonl.gz"
    file.write_bytes(b"\x1f\x8b\x08\x00rest")
    assert main(["inventory", str(file)]) == 1
    assert "is compressed" in capsys.readouterr().err
