"""The replicas of a fleet on one machine are peers: upstream is asked once, also while their number changes."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path

import aiohttp

from tests.local.local_fleet import PATIENCE, LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream


async def peers_are(fleet: LocalFleet, count: int) -> None:
    """Wait until `count` replicas see all others."""
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        while True:
            urls = {match[1] for line in fleet.lines if (match := re.search(r"metrics on (\S+)", line))}
            seen = [line for url in urls for line in await metrics(session, url)]
            if seen.count(f"modproxy_peers {count - 1}.0") == count:
                return
            await asyncio.sleep(0.05)


async def metrics(session: aiohttp.ClientSession, url: str) -> list[str]:
    try:
        async with session.get(url) as answer:
            return (await answer.text()).splitlines()
    except aiohttp.ClientError:
        return []


async def test_upstream_is_asked_once_by_three_replicas(upstream: FakeUpstream, tmp_path: Path) -> None:
    for number in range(10):
        upstream.add(f"example.com/many{number}", "v1.0.0")
    keys = [key for key in upstream.files if "many" in key and not key.endswith(".zip")]
    async with LocalFleet(tmp_path, document(upstream.url, replicas=3)) as fleet:
        await peers_are(fleet, 3)
        token = fleet.data / "peer-token"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        answers = await asyncio.gather(*(fleet.get(key) for key in keys for _ in range(6)))
        assert {status for status, _ in answers} == {200}
        assert set(upstream.requests.values()) == {1}
        # The configs are taken while the replicas run: a newcomer gets what the others hold.
        fleet.rewrite(document(upstream.url, replicas=4))
        await peers_are(fleet, 4)
        await asyncio.gather(*(fleet.get(key) for key in keys for _ in range(6)))
        assert set(upstream.requests.values()) == {1}
    assert not token.exists()
