"""What does the proxy add to the first download of a module?"""

import asyncio
import time
from pathlib import Path
from statistics import median

import aiohttp
from yarl import URL

from bench.programs import running
from bench.result import Figure, Plot, Result
from bench.upstream import keys
from tests.modproxy.proxy_process import ProxyProcess

ROUNDS = 7
MODULES = 40
"""Modules in a round; each round has its own, which nobody asked for before."""
AT_ONCE = 10
DELAY = 0.02


async def measure(scratch: Path) -> Result:
    """Compare the time for all files of some modules, through a proxy that holds none of them and straight."""
    times: dict[str, list[float]] = {"straight": [], "through the proxy": []}
    total = MODULES * (ROUNDS + 1)
    async with (
        running("bench.upstream", f"--modules={total}", f"--delay={DELAY}") as (_, upstream),
        ProxyProcess(scratch, {"upstream": {"goproxy": upstream}}) as proxy,
    ):
        for round_ in range(ROUNDS + 1):
            modules = range(round_ * MODULES, (round_ + 1) * MODULES)
            for name, url in zip(times, (upstream, proxy.url), strict=True):
                seconds = await _download(url, modules)
                if round_:  # the first round warms up connections
                    times[name].append(seconds)
    straight, through = times.values()
    return Result(
        f"Cold: info, mod and zip of {MODULES} modules, {AT_ONCE} at once, upstream {1000 * DELAY:.0f} ms away",
        [
            Figure("straight from upstream", median(straight), "s"),
            Figure("through the proxy", median(through), "s"),
            Figure("ratio", median(b / a for a, b in zip(straight, through, strict=True)), "x"),
        ],
        Plot(times, "seconds"),
        [f"medians of {ROUNDS} interleaved rounds"],
    )


async def _download(url: str, modules: range) -> float:
    """Return how long it takes to get all files of these modules, a module's one after the other."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one(number: int) -> None:
            async with slots:
                for key in keys(number):
                    async with session.get(URL(f"{url}/{key}", encoded=True)) as response:
                        assert response.status == 200
                        await response.read()

        started = time.perf_counter()
        await asyncio.gather(*map(one, modules))
        return time.perf_counter() - started
