"""What is read of an answer whose size others decide."""

from __future__ import annotations

import pytest

from goproxy_operator.kube import client as client_module
from goproxy_operator.kube.client import SOME_BYTES
from goproxy_operator.kube.errors import UnreachableError
from goproxy_operator.kube.resources import EVENTS
from tests.operator.fake_api import FakeApi

PATH = EVENTS.path("build")


async def test_a_few_objects_are_read() -> None:
    async with FakeApi() as server:
        client = await server.client()
        server.lists[PATH] = [{"reason": "FailedMount"}]
        assert await client.list_some(EVENTS, "build", "regarding.kind=Pod", 50) == [{"reason": "FailedMount"}]
        assert await client.list_some(EVENTS, "other", "regarding.kind=Pod", 50) == []


async def test_an_answer_that_is_too_large_is_not_read_to_its_end() -> None:
    async with FakeApi() as server:
        client = await server.client()
        server.lists[PATH] = [{"note": "x" * SOME_BYTES}]
        with pytest.raises(UnreachableError, match="more than"):
            await client.list_some(EVENTS, "build", "regarding.kind=Pod", 50)


async def test_no_list_is_read_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_LARGEST_ANSWER", 1000)
    async with FakeApi() as server:
        client = await server.client()
        server.lists[PATH] = [{"note": "x" * 1000}]
        with pytest.raises(UnreachableError, match="more than 1000 bytes"):
            await client.list_page(EVENTS, "build", {"limit": "500"})
