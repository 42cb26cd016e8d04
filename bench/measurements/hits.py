"""How many hits does a second of processor time buy, beside nginx with the same files?"""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from bench.figures.result import Comparison, Goal, Result, compare
from bench.figures.spread import ratios
from bench.measurements.hit_workloads import WORKLOADS, Workload, held, made_hits, write
from bench.programs import wrk
from bench.run import Run
from bench.servers.nginx import NAME as NGINX
from bench.servers.nginx import nginx
from bench.servers.ours import Ours
from bench.servers.server import Contender, Server
from bench.servers.warm import until_on_disk, warm
from bench.upstream.run import upstream

CONNECTIONS = 64
SECONDS, QUICK_SECONDS = 5, 2
BUSY = 0.85
"""The share of its core from which on a server counts as busy."""
GOALS = {"small": 1.0, "mixed": 1.0, "zip": 0.95, "fresh": 0.8}


@dataclass(frozen=True)
class Rates:
    """Holds requests per second of the server's processor time, one for each round, by server."""

    workload: Workload
    servers: dict[str, list[float]]
    busy: dict[str, list[float]]
    """The share of its core that each server used."""

    def over_nginx(self) -> Comparison:
        """Compare the servers by their ratios over nginx."""
        beside = self.servers[NGINX]
        servers = {name: ratios(rates, beside) for name, rates in self.servers.items() if name != NGINX}
        return Comparison(self.workload.title, servers, goal=Goal(GOALS[self.workload.name], at_least=True))

    def absolute(self) -> Comparison:
        """Compare the servers by the rates themselves, which depend on the machine."""
        return compare(self.workload.title, self.servers, "requests per CPU s")

    def shares(self) -> Comparison:
        """Compare how busy the servers were."""
        percent = {name: [100 * share for share in shares] for name, shares in self.busy.items()}
        return compare(self.workload.title, percent, "% of its core")


async def measure(run: Run) -> Result:
    """Compare requests per processor-second of the server."""
    made = made_hits()
    made.write(run.scratch / "upstream")
    found: list[Rates] = []
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(upstream(run.scratch / "upstream", made.gosumdb))
        # Lists stay fresh, because their refreshing is not measured here.
        contenders: list[Contender] = [Ours(list_ttl="1h"), *run.peers]
        servers = []
        for contender in contenders:
            server = await stack.enter_async_context(contender.serve(run.scratch / contender.name, source))
            run.say(f"filling the cache of {server.name}")
            await warm(server, held())
            servers.append(server)
        await until_on_disk(servers[0], held())
        # Every key of our cache is the path of a plain file.
        plain = await stack.enter_async_context(nginx(servers[0].store, run.scratch / "nginx"))
        for workload in WORKLOADS:
            found.append(await _rates(run, workload, [*servers, plain]))
    return Result(
        f"Hits over {CONNECTIONS} connections: requests per CPU second of the server over nginx's",
        comparisons=[
            *(rates.over_nginx() for rates in found),
            *(rates.absolute() for rates in found),
            *(rates.shares() for rates in found),
        ],
        notes=[
            f"medians of {run.rounds} interleaved rounds of {_seconds(run)} s, and the lowest and highest",
            "mixed: 40 .info, 25 .mod, 20 list, 15 zip; zips are log-normal around 130 KB",
            *_idle(found),
        ],
    )


def _idle(found: Sequence[Rates]) -> list[str]:
    """Say so when a server was not kept busy: it wakes up for each request then, which costs more."""
    if all(median(shares) >= BUSY for rates in found for shares in rates.busy.values()):
        return []
    return [
        f"not every server was busy: below {100 * BUSY:.0f} % other programs had a core, or wrk is the bound; "
        "a quiet machine gives another ratio"
    ]


def _seconds(run: Run) -> int:
    return QUICK_SECONDS if run.quick else SECONDS


async def _rates(run: Run, workload: Workload, servers: Sequence[Server]) -> Rates:
    paths = write(workload, run.scratch)
    lua = run.scratch / f"{workload.name}.lua"
    lua.write_text(wrk.script(paths, fresh=workload.fresh))
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    busy: dict[str, list[float]] = {server.name: [] for server in servers}
    for number in run.each_round(f"hits, {workload.title}"):
        for server in servers:
            before, begun = server.cpu_seconds, time.monotonic()
            found = await wrk.ask(server.url, lua, _seconds(run), CONNECTIONS)
            used = server.cpu_seconds - before
            if number > 0:
                rates[server.name].append(found.requests / used)
                busy[server.name].append(used / (time.monotonic() - begun))
    return Rates(workload, rates, busy)
