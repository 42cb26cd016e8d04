"""A thousand clients ask at once for one cold file: what does upstream see, and when are all of them served?"""

from collections.abc import Sequence

from bench.figures.result import Comparison, Goal, Result, compare
from bench.figures.spread import ratios
from bench.run import Run
from bench.servers.ours import Ours
from bench.servers.own_programs import json_of
from bench.servers.server import Contender, Server, Upstream
from bench.upstream.made import MadeModules, keys_of
from bench.upstream.run import requests, upstream

CLIENTS = 1000
DELAY = 0.02
"""Seconds that upstream takes: the requests arrive while the file is on its way."""
_LONGEST = 60
"""Seconds."""
_SIZE = 130_000


async def measure(run: Run) -> Result:
    """Ask for a file of its own in each round: .mod and .zip in turn."""
    made = MadeModules()
    modules = [f"example.com/bench/crowd{number}" for number in range(run.rounds)]
    for name in modules:
        made.add(name, {"m.go": made.source(_SIZE)})
    made.write(run.scratch / "upstream")
    contenders: list[Contender] = [Ours(), *run.peers]
    counts: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        # Each server has an upstream of its own, so that its requests can be counted.
        async with (
            upstream(run.scratch / "upstream", made.gosumdb, f"--delay={DELAY}") as source,
            contender.serve(run.scratch / contender.name, source) as server,
        ):
            for number in run.each_round(f"{CLIENTS} clients at once, {contender.name}", warm_ups=0):
                for key in keys_of(modules[number - 1])[1:]:
                    times[contender.name].append(await _crowd(run, server, key))
                    counts[contender.name].append(await _asked(source, key))
    return Result(
        f"{CLIENTS} clients ask at once for what is cold",
        comparisons=[
            compare("requests to upstream for a file", counts, "requests", Goal(1)),
            compare("until all are served", times, "s"),
            *_over(times),
        ],
        notes=[f"{run.rounds} rounds with a cold .mod and a cold .zip each, upstream {1000 * DELAY:.0f} ms away"],
    )


def _over(times: dict[str, list[float]]) -> Sequence[Comparison]:
    (ours, mine), *others = times.items()
    return [Comparison(f"until all are served, over {name}", {ours: ratios(mine, theirs)}) for name, theirs in others]


async def _crowd(run: Run, server: Server, key: str) -> float:
    paths = run.scratch / "crowd.paths"
    paths.write_text(f"/{key}\n")
    said = await json_of(
        "bench.programs.load", server.url, f"--paths={paths}", f"--connections={CLIENTS}", f"--seconds={_LONGEST}",
        "--once",
    )  # fmt: skip
    if said["failed"]:
        raise AssertionError(f"{server.name}: {said['failed']} of {CLIENTS} clients were not served")
    return float(max(said["latencies"]))


async def _asked(source: Upstream, key: str) -> float:
    return (await requests(source))[key]
