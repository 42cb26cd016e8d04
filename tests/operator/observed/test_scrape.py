"""Reports of many replicas: what one namespace's replicas do costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from goproxy_operator.desired.names import ADMIN_PORT_NUMBER
from goproxy_operator.observed.scrape import Scraper
from tests.operator.reconcile.status.status_facts import report

GOOD = report().model_dump_json(by_alias=True).encode()


@asynccontextmanager
async def pod(address: str, body: bytes | None) -> AsyncIterator[list[int]]:
    """What answers at a pod's address; None: it never does. Yields how many connections are open, and were at most."""
    connections = [0, 0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[0] += 1
        connections[1] = max(connections)
        try:
            await reader.readuntil(b"\r\n\r\n")
            if body is None:
                await reader.read()
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            connections[0] -= 1
            writer.close()

    async with await asyncio.start_server(serve, address, ADMIN_PORT_NUMBER):
        yield connections


async def test_each_replica_is_judged_by_itself() -> None:
    scraper = Scraper()
    async with pod("127.0.0.61", GOOD), pod("127.0.0.62", b"[" * 1000):
        addresses = {
            "good": "127.0.0.61",
            "bad": "127.0.0.62",
            "silent": "127.0.0.63",
            "no address": "a" * 64 + ".example.com",
            "control characters": "127.0.0.1\r\nHost: x",
            "nothing": "",
        }
        answers = await scraper.ask("build", addresses)
    await scraper.close()
    assert dict(answers.reports) == {"good": report()}
    assert sorted(answers.refused) == ["bad", "control characters", "no address", "nothing"]
    assert answers.refused["no address"].startswith("the pod's address is none")


async def test_a_namespace_that_lets_us_wait_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goproxy_operator.observed.scrape._SECONDS", 60.0)
    scraper = Scraper()
    async with pod("127.0.0.64", None) as hanging, pod("127.0.0.61", GOOD):
        hostile = [
            asyncio.create_task(scraper.ask("evil", {f"{fleet}-{n}": "127.0.0.64" for n in range(256)}))
            for fleet in range(3)
        ]
        while hanging[0] < 16:
            await asyncio.sleep(0.01)
        answers = await scraper.ask("build", {f"team-a-{n}": "127.0.0.61" for n in range(40)})
        assert len(answers.reports) == 40
        assert hanging[1] == 16
        for task in hostile:
            task.cancel()
        await asyncio.gather(*hostile, return_exceptions=True)
    await scraper.close()


async def test_a_fleet_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goproxy_operator.observed.scrape._FLEET_SECONDS", 0.3)
    scraper = Scraper()
    async with pod("127.0.0.64", None), pod("127.0.0.61", GOOD):
        addresses = {"good": "127.0.0.61"} | {f"hanging-{n}": "127.0.0.64" for n in range(200)}
        answers = await scraper.ask("build", addresses)
    await scraper.close()
    assert set(answers.reports) == {"good"}
    assert not answers.refused
