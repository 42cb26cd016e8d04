"""The small benchmark of CI: ratios of processor time, which fail when they fall by half.

    python -m bench.check [--write]

It needs no network and no package of the system: hits stand beside aiohttp's own static files under our own load, and
the cold replay of made modules beside the opening and hashing of the same zips by the standard library. Both sides of
a ratio are measured in turn in one run, so that a busy machine changes both. `--write` makes the run's ratios the
baseline.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from bench.baseline import Ratio, judge, read, write
from bench.figures.table import columns
from bench.measurements.hit_workloads import WORKLOADS, Workload, held, made_hits
from bench.measurements.hit_workloads import write as write_paths
from bench.replay.project import Project, made, made_large
from bench.replay.rounds import replay
from bench.run import Progress, Run
from bench.servers.ours import NAME, Ours
from bench.servers.own_programs import json_of, plain_server
from bench.servers.server import Server
from bench.servers.warm import until_on_disk, warm
from bench.upstream.run import upstream

BASELINE = Path(__file__).with_name("baseline.json")
ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = 64
MODULES, ENTRIES, ENTRY_BYTES = 60, 150, 6000
"""Made modules whose zips have about as many entries as those of real projects, of about their size."""
LARGE_MEBIBYTES = 64
_FAILED = 1


def main() -> None:
    """Measure, and exit with 1 when a ratio is out of its bound."""
    parser = argparse.ArgumentParser(prog="python -m bench.check", description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="make this run's ratios the baseline")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    folder = Path("var/bench").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress()
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-") as scratch:
            found = asyncio.run(_measure(Run(Path(scratch), rounds=ROUNDS, progress=progress)))
    finally:
        progress.clear()
    if options.write:
        write(found, BASELINE)
    verdicts = judge(found, read(BASELINE))
    print("\n".join(columns([["ratio", "found", "committed", "bound"], *(verdict.row() for verdict in verdicts)])))
    if not all(verdict.passed for verdict in verdicts):
        print("bench-check: a ratio fell by half, or has no baseline (make bench-check ARGS=--write)", file=sys.stderr)
        sys.exit(_FAILED)


async def _measure(run: Run) -> list[Ratio]:
    return [*await _hits(run), *await _cold(run)]


async def _hits(run: Run) -> list[Ratio]:
    modules = made_hits()
    modules.write(run.scratch / "upstream")
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(upstream(run.scratch / "upstream", modules.gosumdb))
        ours = await stack.enter_async_context(Ours(list_ttl="1h").serve(run.scratch / "hits", source))
        await warm(ours, held())
        await until_on_disk(ours, held())
        plain = await stack.enter_async_context(plain_server(ours.store))
        return [await _hit_ratio(run, workload, [ours, plain]) for workload in WORKLOADS]


async def _hit_ratio(run: Run, workload: Workload, servers: Sequence[Server]) -> Ratio:
    paths = write_paths(workload, run.scratch)
    found: list[float] = []
    for number in run.each_round(f"hits, {workload.title}"):
        ours, plain = [await _rate(server, paths, workload) for server in servers]
        if number > 0:
            found.append(ours / plain)
    return Ratio(f"hits, {workload.title}: requests per CPU s over aiohttp's", median(found), larger_is_better=True)


async def _rate(server: Server, paths: Path, workload: Workload) -> float:
    before = server.cpu_seconds
    said = await json_of(
        "bench.programs.load", server.url, f"--paths={paths}", f"--seconds={SECONDS}", f"--connections={CONNECTIONS}",
        *(["--fresh"] if workload.fresh else []),
    )  # fmt: skip
    if said["failed"]:
        raise AssertionError(f"{server.name}: {said['failed']} requests failed")
    return len(said["latencies"]) / (server.cpu_seconds - before)


async def _cold(run: Run) -> list[Ratio]:
    run.say("making modules")
    many = made(run.scratch / "many", MODULES, ENTRIES, ENTRY_BYTES)
    large = made_large(run.scratch / "large", LARGE_MEBIBYTES)
    return [
        await _cold_ratio(run, many, "many small entries"),
        await _cold_ratio(run, large, "one large zip"),
    ]


async def _cold_ratio(run: Run, project: Project, what: str) -> Ratio:
    yardsticks = [await json_of("bench.programs.yardstick", str(project.folder))]
    found = await replay(run, project, [Ours(allow=project.allow)])
    yardsticks.append(await json_of("bench.programs.yardstick", str(project.folder)))
    used = median(found.servers[NAME].cpu) / median(yardsticks)
    return Ratio(f"cold, {what}: CPU s over hashing by the standard library", used, larger_is_better=False)


if __name__ == "__main__":
    main()
