"""Runs at full size the tests that take a sample in CI."""

import asyncio
import os
import sys
import time

from bench.figures.result import Figure, Result
from bench.run import Run

SIZES = {
    "tests/modproxy/live/test_fuzz.py": ("MODPROXY_FUZZ_CASES", 100_000),
    "tests/modproxy/live/test_kill.py": ("MODPROXY_KILL_DOWNLOADS", 1_000),
    "tests/modproxy/live/test_sync_kill.py": ("MODPROXY_KILL_SYNCS", 200),
    "tests/modproxy/live/test_hosted_fleet.py": ("MODPROXY_KILL_PUBLICATIONS", 1_000),
}


async def measure(run: Run) -> Result:
    """Run the tests; the terminal shows what they found."""
    figures = []
    for file, (variable, size) in SIZES.items():
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pytest", "-q", "--show-capture=no", f"--basetemp={run.scratch / 'pytest'}", file,
            env={**os.environ, variable: str(size)},
        )  # fmt: skip
        failed = await process.wait()
        figures.append(Figure(f"{file}, {size:,} cases: failures", failed, limit=0))
        figures.append(Figure(f"{file}: took", time.perf_counter() - started, "s"))
    return Result("Proofs at full size", figures)
