"""What does one large cold zip cost while it streams through an empty replica?"""

from pathlib import Path

from bench.figures.result import Goal, Result, compare
from bench.replay.project import Project, made_large
from bench.replay.rounds import ask
from bench.run import Run
from bench.servers.ours import Ours
from bench.servers.server import Contender, Server
from bench.upstream.run import upstream

MEBIBYTES, QUICK_MEBIBYTES = 208, 32
GOAL_MB = 300
"""Megabytes (10^6) for a second of processor time."""


async def measure(run: Run) -> Result:
    """Download the zip once in each round, through each server with an empty cache."""
    size = QUICK_MEBIBYTES if run.quick else MEBIBYTES
    run.say(f"making a zip of {size} MiB")
    project = made_large(run.scratch / "upstream", size)
    paths = project.write_paths(run.scratch)
    contenders: list[Contender] = [Ours(), *run.peers]
    rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    peaks: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    async with upstream(project.folder, project.gosumdb) as source:
        for number in run.each_round("one large cold zip", warm_ups=0):
            for contender in contenders:
                async with contender.serve(run.scratch / f"{contender.name}-{number}", source) as server:
                    used, peak = await _download(server, project, paths)
                    rates[contender.name].append(project.packed_mb / used)
                    peaks[contender.name].append(peak)
    return Result(
        f"One large cold zip: {project.packed_mb:.0f} MB",
        comparisons=[
            compare("streamed and verified", rates, "MB per CPU s", Goal(GOAL_MB, at_least=True)),
            compare("peak memory", peaks, "MiB"),
        ],
        notes=[f"{run.rounds} interleaved rounds; CPU is counted until the server is quiet"],
    )


async def _download(server: Server, project: Project, paths: Path) -> tuple[float, float]:
    """Return the processor time that the server used for the zip, and its peak of memory."""
    started = await server.quiet()
    await ask(server.url, server.name, project, paths, connections=1)
    # Processes that have ended when the server is quiet count, too.
    peak = server.peak_mib
    return await server.quiet() - started, max(peak, server.peak_mib)
