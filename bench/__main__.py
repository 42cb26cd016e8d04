"""Run measurements and show what they found."""

import argparse
import asyncio
import importlib
import resource
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.plots import draw
from bench.result import Result, table

MEASUREMENTS = ("slow_readers", "cold", "hits", "start_up", "memory", "fleets", "failover", "proofs")
OUTPUT = Path("var/bench").absolute()


def main() -> None:
    """Run what is named, or everything; exit code 1 when a target was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the proxy and the operator on this machine."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(MEASUREMENTS)}; default: all")
    names = parser.parse_args().names or list(MEASUREMENTS)
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    # A thousand clients are two thousand descriptors; the programs that are started inherit the limit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    results = []
    for name in names:
        print(f"bench: {name} ...", file=sys.stderr, flush=True)
        result = asyncio.run(_run(importlib.import_module(f"bench.{name}").measure))
        draw(result, name, OUTPUT)
        results.append(result)
        print(table([result]), flush=True)
    (OUTPUT / "table.txt").write_text(table(results) + "\n")
    print(f"bench: the table and plots are in {OUTPUT}", file=sys.stderr)
    sys.exit(any(figure.missed for result in results for figure in result.figures))


async def _run(measure: Callable[[Path], Awaitable[Result]]) -> Result:
    # The folder is in the working tree: /tmp may be held in memory, and the measurements are about file systems.
    with tempfile.TemporaryDirectory(dir=OUTPUT, prefix="scratch-") as scratch:
        return await measure(Path(scratch))


if __name__ == "__main__":
    main()
