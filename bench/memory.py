"""How much memory does a replica at rest take?"""

import asyncio
from pathlib import Path

from bench.programs import pid_of, rss_mib, running
from bench.result import Figure, Result
from bench.upstream import keys
from tests.modproxy.proxy_process import ProxyProcess

MODULES = 50
REQUESTS = 1000
REST = 60


async def measure(scratch: Path) -> Result:
    """Look at the resident memory a minute after the last of a thousand requests, cold ones first."""
    async with (
        running("bench.upstream", f"--modules={MODULES}") as (_, upstream),
        ProxyProcess(scratch, {"upstream": {"goproxy": upstream}}) as proxy,
    ):
        fresh = rss_mib(pid_of(proxy))
        wanted = [key for number in range(MODULES) for key in keys(number)]
        for number in range(REQUESTS):
            assert (await proxy.get(wanted[number % len(wanted)])).status == 200
        busy = rss_mib(pid_of(proxy))
        await asyncio.sleep(REST)
        rest = rss_mib(pid_of(proxy))
    return Result(
        "Memory",
        [
            Figure("after the start", fresh, "MiB"),
            Figure(f"after {REQUESTS} requests", busy, "MiB"),
            Figure(f"{REST} s later", rest, "MiB", limit=60),
        ],
    )
