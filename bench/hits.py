"""How many hits does a second of processor time buy, beside a plain server of the same files?"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.programs import cpu_seconds, output_of, pid_of, running
from bench.reference import reference
from bench.result import Figure, Plot, Result
from bench.upstream import keys, module
from tests.modproxy.proxy_process import ProxyProcess

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 64
MODULES = 200
MIX = {".info": 40, ".mod": 25, "list": 20, ".zip": 15}
"""Shares of a go command's requests, in percent."""


async def measure(scratch: Path) -> Result:
    """Compare requests per processor-second of the server, for small bodies and for a mix with zips."""
    async with (
        running("bench.upstream", f"--modules={MODULES}") as (_, upstream),
        # Lists stay fresh, because their refreshing is not measured here.
        ProxyProcess(scratch, {"upstream": {"goproxy": upstream}, "cache": {"listTTL": "1h"}}) as proxy,
    ):
        held = [key for number in range(MODULES) for key in [*keys(number), f"{module(number)}/@v/list"]]
        for key in held:
            assert (await proxy.get(key)).status == 200
        workloads = {"small": [key for key in held if key.endswith((".info", ".mod"))], "mixed": _mix(held)}
        async with reference(proxy.cache, scratch) as plain:
            servers = {"modproxy": (proxy.url, pid_of(proxy)), plain.name: (plain.url, plain.pid)}
            figures: list[Figure] = []
            series: dict[str, Sequence[float]] = {}
            for workload, wanted in workloads.items():
                paths = scratch / workload
                paths.write_text("".join(f"/{key}\n" for key in wanted))
                rates: dict[str, list[float]] = {name: [] for name in servers}
                for _ in range(ROUNDS):
                    for name, (url, pid) in servers.items():
                        rates[name].append(await _per_cpu_second(url, pid, paths))
                ours, theirs = rates.values()
                figures += [
                    Figure(f"{workload}: {name}", median(values), "requests/CPU s") for name, values in rates.items()
                ]
                ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
                figures.append(Figure(f"{workload}: modproxy over {plain.name}", ratio, "x"))
                series |= {f"{workload}\n{name}": values for name, values in rates.items()}
    return Result(
        f"Hits over {CONNECTIONS} connections, beside {plain.name}",
        figures,
        Plot(series, "requests per processor-second"),
        [f"medians of {ROUNDS} interleaved rounds of {SECONDS} s; mixed: {MIX} %"],
    )


def _mix(held: Sequence[str]) -> list[str]:
    chance = random.Random(1)
    by_kind = {suffix: [key for key in held if key.endswith(suffix)] for suffix in MIX}
    return [chance.choice(by_kind[kind]) for kind in chance.choices(list(MIX), list(MIX.values()), k=5000)]


async def _per_cpu_second(url: str, pid: int, paths: Path) -> float:
    before = cpu_seconds(pid)
    said = json.loads(
        await output_of("bench.load", url, f"--paths={paths}", f"--seconds={SECONDS}", f"--connections={CONNECTIONS}")
    )
    assert not said["failed"], f"{said['failed']} requests failed"
    return len(said["latencies"]) / (cpu_seconds(pid) - before)
