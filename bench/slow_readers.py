"""Do a thousand slow readers and a hundred slow upstreams make hits slow for the others?"""

import asyncio
import json
from itertools import chain
from pathlib import Path
from statistics import median

from bench.crowd import LARGE
from bench.programs import output_of, pid_of, rss_mib, running
from bench.result import Figure, Plot, Result, percentile
from bench.upstream import keys
from tests.modproxy.proxy_process import ProxyProcess

ROUNDS = 5
SECONDS = 8
RATE = 200
READERS = 1000
STALLED = 100
MODULES = 50


async def measure(scratch: Path) -> Result:
    """Compare the 99th percentile of hits at a fixed rate, with and without the crowd."""
    alone: list[list[float]] = []
    arriving: list[list[float]] = []
    crowded: list[list[float]] = []
    async with running("bench.upstream", f"--modules={MODULES}") as (_, upstream):
        # The timeout is longer than a round, because a stalled upstream stalls for a whole round.
        config = {"upstream": {"goproxy": upstream, "timeout": "120s"}}
        async with ProxyProcess(scratch, config) as proxy:
            wanted = [key for number in range(MODULES) for key in keys(number)[:2]]
            for key in [*wanted, LARGE]:
                assert (await proxy.get(key)).status == 200
            paths = scratch / "paths"
            paths.write_text("".join(f"/{key}\n" for key in wanted))
            await _hits(proxy, paths)  # this round warms up both sides
            for _ in range(ROUNDS):
                alone.append(await _hits(proxy, paths))
                async with running("bench.crowd", proxy.url, f"--readers={READERS}", f"--stalled={STALLED}"):
                    # The readers come all at once, and are slow only when their sockets' buffers are full.
                    arriving.append(await _hits(proxy, paths))
                    crowded.append(await _hits(proxy, paths))
                await asyncio.sleep(1)
            memory = rss_mib(pid_of(proxy), "VmHWM")
    p99 = [[1000 * percentile(latencies, 99) for latencies in rounds] for rounds in (alone, crowded, arriving)]
    p50 = [[1000 * percentile(latencies, 50) for latencies in rounds] for rounds in (alone, crowded)]
    ratio = median(with_ / without for without, with_ in zip(*p99[:2], strict=True))
    return Result(
        f"Hits at {RATE}/s beside {READERS} slow readers and {STALLED} slow upstreams",
        [
            Figure("p50 alone", median(p50[0]), "ms"),
            Figure("p50 in company", median(p50[1]), "ms"),
            Figure("p99 alone", median(p99[0]), "ms"),
            Figure("p99 in company", median(p99[1]), "ms"),
            Figure("p99 in company over alone", ratio, "x", limit=2),
            Figure(f"p99 of the first {SECONDS} s of their company", median(p99[2]), "ms"),
            Figure("most memory", memory, "MiB"),
        ],
        Plot(
            {"alone": [*chain(*alone)], "in company": [*chain(*crowded)], "while it comes": [*chain(*arriving)]},
            "seconds",
            sorted_curves=True,
        ),
        [f"medians of {ROUNDS} interleaved rounds of {SECONDS} s"],
    )


async def _hits(proxy: ProxyProcess, paths: Path) -> list[float]:
    said = json.loads(
        await output_of("bench.load", proxy.url, f"--paths={paths}", f"--rate={RATE}", f"--seconds={SECONDS}")
    )
    assert not said["failed"], f"{said['failed']} hits failed"
    latencies: list[float] = said["latencies"]
    return latencies
