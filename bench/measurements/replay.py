"""What does the proxy add to the first download of a real project, and to every later one?"""

from bench.figures.result import Comparison, Goal, Result, compare
from bench.figures.spread import ratios
from bench.machine.cores import ALL
from bench.replay.project import KUBERNETES, Project, recorded
from bench.replay.rounds import CONNECTIONS, STRAIGHT, Replayed, replay
from bench.run import Run
from bench.servers.ours import NAME, Ours
from bench.servers.server import Contender
from bench.upstream.recording import RecordingError

DISTANT = 0.02
"""Seconds that an upstream 20 ms away takes for each request."""


async def measure(run: Run) -> Result:
    """Replay from upstreams near and far. Where nothing can be recorded, the result has only the reason."""
    title = f"Replay of a real project over {CONNECTIONS} connections, each round with an empty cache"
    try:
        project = await recorded(KUBERNETES, run.say)
    except RecordingError as e:
        return Result(f"{title}: SKIPPED", notes=[f"the project's modules cannot be downloaded: {e}"])
    ours = Ours(allow=project.allow)
    contenders: list[Contender] = [ours, *run.peers]
    near = await replay(run, project, contenders, cores=ALL, record=True)
    far = await replay(run, project, contenders, DISTANT, cores=ALL, record=True)
    return Result(
        f"{title}: {project.description}",
        comparisons=[
            _over_straight("cold: time over straight, upstream on loopback", near, 4),
            *_cold_over_peers(run, near, "upstream on loopback"),
            _over_straight("cold: time over straight, upstream 20 ms away", far, 1.2),
            *_cold_over_peers(run, far, "upstream 20 ms away"),
            _seconds("cold: time, upstream on loopback", near),
            _seconds("cold: time, upstream 20 ms away", far),
            compare(
                "cold: CPU of the server", {name: rounds.cpu for name, rounds in near.servers.items()}, "s", Goal(2.5)
            ),
            compare("warm: time", {name: rounds.warm for name, rounds in near.servers.items()}, "s"),
            *_warm_over_peers(run, near),
            compare(
                "peak memory of the download",
                {name: rounds.peak for name, rounds in near.servers.items()},
                "MiB",
                Goal(80),
            ),
        ],
        notes=list(dict.fromkeys([*_notes(run, project), *near.notes, *far.notes])),
    )


def _notes(run: Run, project: Project) -> list[str]:
    return [
        f"medians of {run.rounds} interleaved rounds, and the lowest and highest",
        "all processes may use all cores, as on a machine of a developer",
        "every byte is what upstream gave; CPU is counted until the server is quiet; peak memory after cold and warm",
        f"modproxy verifies all by the checksum database, with an allowlist of {len(project.allow)} patterns",
    ]


def _seconds(name: str, found: Replayed) -> Comparison:
    times = {server: rounds.cold for server, rounds in found.servers.items()}
    return compare(name, {**times, STRAIGHT: found.straight}, "s")


def _over_straight(name: str, found: Replayed, goal: float) -> Comparison:
    servers = {server: ratios(rounds.cold, found.straight) for server, rounds in found.servers.items()}
    return Comparison(name, servers, goal=Goal(goal))


def _cold_over_peers(run: Run, found: Replayed, where: str) -> list[Comparison]:
    """Compare with each peer. The goal counts beside a peer that verifies as we do."""
    ours = found.servers[NAME].cold
    return [
        Comparison(
            f"cold: modproxy's time over {peer.name}, {where}",
            {NAME: ratios(ours, found.servers[peer.name].cold)},
            goal=Goal(1) if peer.verifies else None,
        )
        for peer in run.peers
    ]


def _warm_over_peers(run: Run, found: Replayed) -> list[Comparison]:
    ours = found.servers[NAME].warm
    return [
        Comparison(
            f"warm: modproxy's time over {peer.name}",
            {NAME: ratios(ours, found.servers[peer.name].warm)},
            goal=Goal(1),
        )
        for peer in run.peers
    ]
