"""The rounds of a replay: straight from upstream, and through each server with an empty cache."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine.cores import CORES, Cores
from bench.replay.project import Project
from bench.run import Run
from bench.servers.own_programs import json_of
from bench.servers.server import Contender, Server
from bench.upstream.run import recorded, upstream

CONNECTIONS = 8
STRAIGHT = "straight"
"""What tables call the upstream itself."""


@dataclass
class Rounds:
    """Holds the figures of one server, one of each for every round: times in seconds, memory in MiB."""

    cold: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)


@dataclass
class Replayed:
    """Holds what was found: `straight` are seconds; `notes` say what the reader has to know."""

    straight: list[float] = field(default_factory=list)
    servers: dict[str, Rounds] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class WrongAnswerError(AssertionError):
    """A server gave an answer that is not what upstream gave."""


async def replay(
    run: Run,
    project: Project,
    contenders: Sequence[Contender],
    delay: float = 0.0,
    *,
    cores: Cores = CORES,
    record: bool = False,
) -> Replayed:
    """Replay in interleaved rounds. Raises `WrongAnswerError`."""
    found = Replayed(servers={contender.name: Rounds() for contender in contenders})
    folder = run.scratch / f"{project.name}-{delay}"
    folder.mkdir()
    paths = project.write_paths(folder)
    options = [f"--delay={delay}", *(["--record"] if record else [])]
    where = f"{1000 * delay:.0f} ms away" if delay else "on loopback"
    begun = 0
    async with upstream(project.folder, project.gosumdb, *options, core=cores.load) as source:
        for number in run.each_round(f"replay, upstream {where}"):
            if number == 1:
                begun = await recorded(source)
            seconds, _ = await ask(source.url, STRAIGHT, project, paths, cores=cores)
            if number > 0:
                found.straight.append(seconds)
            for contender in contenders:
                async with contender.serve(folder / f"{contender.name}-{number}", source, cores.server) as server:
                    await _one(server, project, paths, found, cores, counts=number > 0)
        if more := await recorded(source) - begun:
            found.notes.append(f"{more} answers of the database were recorded during the rounds: run it again")
    return found


async def _one(server: Server, project: Project, paths: Path, found: Replayed, cores: Cores, *, counts: bool) -> None:
    started = await server.quiet()
    cold, reworded = await ask(server.url, server.name, project, paths, cores=cores)
    # A process that has ended by the time of the warm replay counts, too.
    peak = server.peak_mib
    used = await server.quiet() - started
    warm, _ = await ask(server.url, server.name, project, paths, cores=cores)
    if not counts:
        if reworded:
            found.notes.append(f"{server.name} gives {reworded} .info files in other words than upstream")
        return
    rounds = found.servers[server.name]
    rounds.cold.append(cold)
    rounds.cpu.append(used)
    rounds.warm.append(warm)
    rounds.peak.append(max(peak, server.peak_mib))


async def ask(
    url: str, name: str, project: Project, paths: Path, *, cores: Cores = CORES, connections: int = CONNECTIONS
) -> tuple[float, int]:
    """Replay once. Returns the seconds, and how many `.info` files were reworded. Raises `WrongAnswerError`."""
    said = await json_of(
        "bench.programs.replay",
        url,
        f"--paths={paths}",
        f"--folder={project.folder}",
        f"--connections={connections}",
        core=cores.load,
    )
    if said["wrong"]:
        raise WrongAnswerError(f"{name} answered {len(said['wrong'])} paths wrongly, such as {said['wrong'][0]}")
    return said["seconds"], len(said["reworded"])
