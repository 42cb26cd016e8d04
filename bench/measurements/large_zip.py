"""What does one large cold zip cost while it streams through an empty replica?"""

from collections.abc import Sequence

from bench.figures.result import Goal, Result, compare
from bench.run import Run
from bench.servers.ours import Ours
from bench.servers.own_programs import json_of
from bench.servers.server import Contender, Server
from bench.upstream.made import MadeModules, keys_of, make_large
from bench.upstream.run import upstream

LARGE = "example.com/bench/large"
MEBIBYTES, QUICK_MEBIBYTES = 208, 32
GOAL_MB = 300
"""Megabytes (10^6) for a second of processor time."""


async def measure(run: Run) -> Result:
    """Download the zip once in each round, through each server with an empty cache."""
    size = QUICK_MEBIBYTES if run.quick else MEBIBYTES
    run.say(f"making a zip of {size} MiB")
    made = MadeModules()
    made.add_zip(LARGE, make_large(LARGE, size))
    folder = run.scratch / "upstream"
    made.write(folder)
    megabytes = (folder / keys_of(LARGE)[-1]).stat().st_size / 1e6
    contenders: list[Contender] = [Ours(), *run.peers]
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    peaks: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    async with upstream(folder, made.gosumdb) as source:
        for number in run.each_round("one large cold zip", warm_ups=0):
            for contender in contenders:
                async with contender.serve(run.scratch / f"{contender.name}-{number}", source) as server:
                    used = await _download(server, run, keys_of(LARGE))
                    rates[contender.name].append(megabytes / used)
                    peaks[contender.name].append(server.peak_mib)
    return Result(
        f"One large cold zip: {megabytes:.0f} MB",
        comparisons=[
            compare("streamed and verified", rates, "MB per CPU s", Goal(GOAL_MB, at_least=True)),
            compare("peak memory", peaks, "MiB"),
        ],
        notes=[f"{run.rounds} interleaved rounds; CPU is counted until the server is quiet"],
    )


async def _download(server: Server, run: Run, keys: Sequence[str]) -> float:
    """Return the processor time that the server used for the zip."""
    paths = run.scratch / "large.paths"
    paths.write_text("".join(f"{key}\n" for key in keys))
    started = await server.quiet()
    said = await json_of(
        "bench.programs.replay", server.url, f"--paths={paths}", f"--folder={run.scratch / 'upstream'}",
        "--connections=1",
    )  # fmt: skip
    if said["wrong"]:
        raise AssertionError(f"{server.name} answered wrongly: {said['wrong']}")
    return await server.quiet() - started
