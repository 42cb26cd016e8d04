"""Run measurements, show what they found, and keep it."""

import asyncio
import importlib
import json
import resource
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.arguments import RESULTS, Arguments, parse
from bench.figures.picture import draw
from bench.figures.result import Result
from bench.figures.results_file import document, read_results, write
from bench.figures.table import table
from bench.machine.description import describe
from bench.measurements import NEED_NGINX_AND_WRK
from bench.replay.rounds import WrongAnswerError
from bench.run import Progress, Run
from bench.servers.peer import PeerError
from bench.servers.system_programs import NotInstalledError, require

MISSED, ABSENT = 1, 3
SCRATCH = Path("var/bench").absolute()


def main() -> None:
    """Run what is named. `bench.arguments` says what the exit codes mean."""
    arguments = parse()
    if arguments.draw:
        results = read_results(json.loads(arguments.draw.read_text()))
        draw(results, arguments.draw.with_name(f"{arguments.label}.svg"))
        return
    try:
        if not Path("/proc/self/stat").exists():
            raise NotInstalledError("The benchmark reads processor time from /proc: run it on Linux.")
        if NEED_NGINX_AND_WRK & set(arguments.names):
            require("nginx", "wrk")
    except NotInstalledError as e:
        print(f"bench: {e}", file=sys.stderr)
        sys.exit(ABSENT)
    # A thousand clients are two thousand descriptors; the programs that are started inherit the limit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    found: dict[str, Result] = {}
    try:
        _measure(arguments, found)
    except (PeerError, WrongAnswerError) as e:
        sys.exit(f"bench: {e}")
    finally:
        # A measurement that fails takes nothing from those before it.
        if found:
            _keep(arguments, found)
    missed = [f"{name}: {what}" for name, result in found.items() for what in result.missed]
    if missed:
        print("bench: goals that were missed:\n" + "\n".join(f"  {line}" for line in missed), file=sys.stderr)
        sys.exit(MISSED)


def _measure(arguments: Arguments, found: dict[str, Result]) -> None:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for name in arguments.names:
        print(f"bench: {name} ...", file=sys.stderr, flush=True)
        progress = Progress()
        # The folder is in the working tree: /tmp may be held in memory, and the measurements are about file systems.
        with tempfile.TemporaryDirectory(dir=SCRATCH, prefix="scratch-") as scratch:
            run = Run(Path(scratch), arguments.peers, arguments.rounds, arguments.quick, progress)
            try:
                found[name] = asyncio.run(_run(importlib.import_module(f"bench.measurements.{name}").measure, run))
            finally:
                progress.clear()
        print(table([found[name]]) + "\n", flush=True)


async def _run(measure: Callable[[Run], Awaitable[Result]], run: Run) -> Result:
    return await measure(run)


def _keep(arguments: Arguments, results: dict[str, Result]) -> None:
    now = datetime.now(UTC)
    settings = {
        "rounds": arguments.rounds,
        "quick": arguments.quick,
        "peers": [peer.name for peer in arguments.peers],
    }
    file = RESULTS / f"{arguments.label}-{now:%Y-%m-%d-%H%M}.json"
    write(document(results, describe(), now.isoformat(timespec="seconds"), settings), file)
    picture = RESULTS / f"{arguments.label}.svg"
    drawn = draw(results, picture)
    print(f"bench: every round is in {file}{f', and the picture is {picture}' if drawn else ''}", file=sys.stderr)


if __name__ == "__main__":
    main()
