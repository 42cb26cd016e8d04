"""What minimumAge and denyVulnerable cost: the same requests to two replicas, one with the rules and one without.

The upstream is on this machine and answers after a delay, as one 20 ms away would.
"""

import asyncio
import time
from typing import Any

from aiohttp import web

from bench.figures.result import Goal, Result, compare
from bench.run import Run
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import Behaviour, FakeUpstream
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.live.test_minimum_age import vulnerable, watched
from tests.modproxy.proxy_process import ProxyProcess

MODULES = 60
AT_ONCE = 10
"""What the go command does at once."""
DELAY = 0.02
WARM, QUICK_WARM = 2000, 400
MOST = 1.1
"""The goal: the rules cost no more than a tenth."""


def late(data: bytes) -> Behaviour:
    """Answer after the delay."""

    async def behave(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(DELAY)
        return web.Response(body=data)

    return behave


def prepare(upstream: FakeUpstream, database: FakeSumdb) -> list[str]:
    """Have modules as a build asks for them, and return the names of all their files."""
    for number in range(MODULES):
        path = f"example.com/m{number}"
        upstream.add(path, "v1.0.0")
        vouch(database, upstream, path, "v1.0.0")
    database.publish(upstream.files)
    for key, data in upstream.files.items():
        upstream.behaviours[key] = late(data)
    return [f"example.com/m{number}/@v/v1.0.0" for number in range(MODULES)]


async def cold(proxy: ProxyProcess, stems: list[str]) -> float:
    """Return the seconds that all files of all modules take, for a client as the go command is."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def take(stem: str) -> None:
        async with limit:
            for suffix in ("info", "mod", "zip"):
                assert (await proxy.get(f"{stem}.{suffix}")).status == 200

    begun = time.perf_counter()
    await asyncio.gather(*map(take, stems))
    return time.perf_counter() - begun


async def warm(proxy: ProxyProcess, stems: list[str], requests: int) -> float:
    """Return the seconds that many small answers take that are held."""
    begun = time.perf_counter()
    for number in range(requests):
        await proxy.get(f"{stems[number % len(stems)]}.{('info', 'mod')[number % 2]}")
    return time.perf_counter() - begun


async def measure(run: Run) -> Result:
    """Ask both replicas in turns, so that a busy machine disturbs both; only the ratios mean something."""
    ratios: dict[str, list[float]] = {"cold": [], "warm": []}
    warm_requests = QUICK_WARM if run.quick else WARM
    for number in run.each_round("rules about versions", warm_ups=0):
        async with FakeUpstream() as upstream:
            database = FakeSumdb()
            stems = prepare(upstream, database)
            here = run.scratch / str(number)
            vulnerable(here / "vulndb", fixed="1.1.0")
            rules: dict[str, Any] = {
                "minimumAge": "72h", "denyVulnerable": True, "vulnerabilities": {"url": f"file://{here}/vulndb"},
            }  # fmt: skip
            names = {"goproxy": upstream.url, "gosumdb": database.verifier_key}
            watched(here / "with", database, MODULES)
            async with (
                ProxyProcess(here / "with", {"upstream": names, "modules": rules}) as ruled,
                ProxyProcess(here / "without", {"upstream": names}) as plain,
            ):
                order = [ruled, plain] if number % 2 else [plain, ruled]
                took = {proxy: await cold(proxy, stems) for proxy in order}
                ratios["cold"].append(took[ruled] / took[plain])
                for _ in range(2):
                    took = {proxy: await warm(proxy, stems, warm_requests) for proxy in order}
                    ratios["warm"].append(took[ruled] / took[plain])
    return Result(
        "minimumAge and denyVulnerable: seconds with them over seconds without",
        comparisons=[
            compare(f"{what}, seconds", {"with rules over without": values}, goal=Goal(MOST))
            for what, values in ratios.items()
        ],
        notes=[f"{MODULES} modules, {AT_ONCE} at once, from an upstream that answers after {DELAY * 1000:.0f} ms"],
    )
