"""Do a thousand slow readers and a hundred slow upstreams make hits slow for the others?"""

import asyncio
from pathlib import Path
from statistics import median

from bench.figures.result import Comparison, Figure, Goal, Result
from bench.figures.spread import percentile, ratios
from bench.programs.crowd import LARGE_ZIP, STALLED
from bench.run import Run
from bench.servers.ours import NAME, Ours
from bench.servers.own_programs import json_of, running
from bench.servers.server import Server
from bench.servers.warm import warm
from bench.upstream.made import LARGE, MadeModules, keys
from bench.upstream.run import upstream

SECONDS, QUICK_SECONDS = 8, 3
RATE = 200
READERS = 1000
STALLED_UPSTREAMS = 100
MODULES = 50
_LARGE_BYTES = 16 << 20


async def measure(run: Run) -> Result:
    """Compare the 99th percentile of hits at a fixed rate, with and without the crowd."""
    made = MadeModules()
    made.add_real_sizes(MODULES)
    made.add(LARGE, {f"r{n}.bin": made.random(1 << 20) for n in range(_LARGE_BYTES >> 20)})
    made.write(run.scratch / "upstream")
    alone: list[list[float]] = []
    arriving: list[list[float]] = []
    crowded: list[list[float]] = []
    wanted = [key for number in range(MODULES) for key in keys(number)[:2]]
    paths = run.scratch / "paths"
    paths.write_text("".join(f"/{key}\n" for key in wanted))
    # The timeout is longer than a round, because a stalled upstream stalls for a whole round.
    ours = Ours(timeout="120s")
    async with (
        upstream(run.scratch / "upstream", made.gosumdb, f"--stalled={STALLED}") as source,
        ours.serve(run.scratch / "modproxy", source) as server,
    ):
        await warm(server, [*wanted, LARGE_ZIP])
        await _hits(run, server, paths)  # this round warms up both sides
        for _ in run.each_round(f"{READERS} slow readers", warm_ups=0):
            alone.append(await _hits(run, server, paths))
            async with running(
                "bench.programs.crowd", server.url, f"--readers={READERS}", f"--stalled={STALLED_UPSTREAMS}"
            ):
                # The readers come all at once, and are slow only when their sockets' buffers are full.
                arriving.append(await _hits(run, server, paths))
                crowded.append(await _hits(run, server, paths))
            await asyncio.sleep(1)
        memory = server.peak_mib
    p99 = [[1000 * percentile(latencies, 99) for latencies in rounds] for rounds in (alone, crowded, arriving)]
    p50 = [[1000 * percentile(latencies, 50) for latencies in rounds] for rounds in (alone, crowded)]
    return Result(
        f"Hits at {RATE}/s beside {READERS} slow readers and {STALLED_UPSTREAMS} stalled upstreams",
        [
            Figure("p50 alone", median(p50[0]), "ms"),
            Figure("p50 in company", median(p50[1]), "ms"),
            Figure("p99 alone", median(p99[0]), "ms"),
            Figure("p99 in company", median(p99[1]), "ms"),
            Figure("p99 of the first seconds of their company", median(p99[2]), "ms"),
            Figure("most memory", memory, "MiB"),
        ],
        [
            _ratio("p99 in company over alone", p99[1], p99[0], Goal(2)),
            _ratio("p50 in company over alone", p50[1], p50[0]),
        ],
        [f"medians of {run.rounds} interleaved rounds of {_seconds(run)} s"],
    )


def _ratio(name: str, values: list[float], beside: list[float], goal: Goal | None = None) -> Comparison:
    return Comparison(name, {NAME: ratios(values, beside)}, goal=goal)


def _seconds(run: Run) -> int:
    return QUICK_SECONDS if run.quick else SECONDS


async def _hits(run: Run, server: Server, paths: Path) -> list[float]:
    said = await json_of(
        "bench.programs.load", server.url, f"--paths={paths}", f"--rate={RATE}", f"--seconds={_seconds(run)}"
    )
    assert not said["failed"], f"{said['failed']} hits failed"
    latencies: list[float] = said["latencies"]
    return latencies
