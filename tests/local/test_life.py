"""A fleet of this machine lives and dies with its runner, and survives its replicas."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.local.local_fleet import PATIENCE, LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream

LIST = "example.com/m/@v/list"
STARTED = r"^(team-a-\d): started(?: again)?, pid (\d+), metrics on http://127\.0\.0\.1:(\d+)/metrics$"


def ports(fleet: LocalFleet) -> list[int]:
    """Return every port that the fleet listened on: the clients' port and the ports of the replicas."""
    own = [int(match[3]) for line in fleet.lines if (match := re.match(STARTED, line))]
    return [urlsplit(fleet.lines[0].removeprefix("export GOPROXY=")).port or 0, *own]


async def closed(port: int) -> None:
    """Wait until no process listens on the ports. A process that has ended has no sockets, even before it is reaped."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_tells_the_url_first_serves_and_stops_whole(
    upstream: FakeUpstream, tmp_path: Path, number: signal.Signals
) -> None:
    async with LocalFleet(tmp_path, document(upstream.url, replicas=2)) as fleet:
        assert await fleet.get(LIST) == (200, "v1.0.0\n")
        await fleet.line("team-a: config in force on 2 of 2 replicas")
        assert re.fullmatch(r"export GOPROXY=http://127\.0\.0\.1:\d+", fleet.lines[0])
        assert await fleet.end(number) == 0
        assert sum(bool(re.fullmatch(r"team-a-[01]: stopped", line)) for line in fleet.lines) == 2
        for port in ports(fleet):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_web_page_cannot_call_it_by_a_name_of_its_own(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        assert (await fleet.get(LIST, host="localhost:1"))[0] == 200
        status, text = await fleet.get(LIST, host="attacker.example.com")
        assert (status, "this proxy is not 'attacker.example.com'" in text) == (421, True)
        started = await fleet.line(STARTED)
        admin = f"http://127.0.0.1:{started[3]}/-/report"
        async with aiohttp.ClientSession() as session:
            for host, code in (("127.0.0.1", 200), ("attacker.example.com", 421)):
                async with session.get(admin, headers={"Host": host}) as response:
                    assert response.status == code


async def test_no_replica_outlives_a_runner_that_is_killed(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url, replicas=2)) as fleet:
        await fleet.line("config in force on 2 of 2")
        listened = ports(fleet)
        assert len(listened) == 3
        assert await fleet.end(signal.SIGKILL) == -signal.SIGKILL
        for port in listened:
            await closed(port)


async def test_a_replica_that_dies_is_started_again_and_shown(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        await fleet.line("team-a-0: ready")
        first = await fleet.line(STARTED)
        since = len(fleet.lines)
        os.kill(int(first[2]), signal.SIGKILL)
        await fleet.line(r"team-a-0: died \(SIGKILL\): .*; starts again in 0.5 s", since=since)
        again = await fleet.line(STARTED, since=since)
        assert (again[1], again[3]) == (first[1], first[3])
        assert again[2] != first[2]
        await fleet.line("team-a-0: ready", since=since)
        assert await fleet.get(LIST) == (200, "v1.0.0\n")


async def test_what_was_fetched_is_held_over_a_restart_of_the_fleet(upstream: FakeUpstream, tmp_path: Path) -> None:
    key = "example.com/m/@v/v1.0.0.mod"
    for _ in range(2):
        async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
            assert (await fleet.get(key))[0] == 200
    assert upstream.requests[key] == 1


async def test_a_request_while_no_replica_runs_waits_for_one(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with LocalFleet(tmp_path, document(upstream.url)) as fleet:
        await fleet.line("team-a-0: ready")
        os.kill(int((await fleet.line(STARTED))[2]), signal.SIGKILL)
        await fleet.line("team-a-0: died")
        assert await fleet.get(LIST) == (200, "v1.0.0\n")
