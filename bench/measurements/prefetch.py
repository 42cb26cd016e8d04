"""How long does a fleet take to fetch what a go.sum names, beside `go mod download` that fetches the same?

Both begin with nothing, and fetch from the same upstream, which is `DISTANT` away. The go command believes its go.sum,
and unpacks the zips besides. The proxy compares with go.sum what the checksum database has vouched for.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path

import aiohttp

from bench.figures.result import Comparison, Goal, Result, compare
from bench.figures.spread import ratios
from bench.run import Run
from bench.servers.ours import NAME, Ours
from bench.servers.server import Upstream
from bench.upstream.made import VERSION, MadeModules, h1, module, zip_hash
from bench.upstream.run import upstream
from modproxy.mod.path import escape
from tests.modproxy.module_files import go_mod

MODULES = 300
DISTANT = 0.02
"""Seconds that the upstream takes for each request."""
_WRITTEN_SECONDS = 30.0
"""How long it is waited for the last zips to be in their places, behind the answer."""
GO = "go mod download"
WIDE = "go, GOMAXPROCS=16"
"""The go command downloads as many modules at once as it may use processors: here as on a large machine."""


async def measure(run: Run) -> Result:
    """Let both fetch in turn, in each round from nothing."""
    made = MadeModules()
    made.add_real_sizes(MODULES)
    sums = _go_sum(made)
    made.write(run.scratch / "upstream")
    seconds: dict[str, list[float]] = {NAME: [], GO: [], WIDE: []}
    async with upstream(run.scratch / "upstream", made.gosumdb, "--delay", str(DISTANT), core=None) as source:
        for number in run.each_round("prefetch"):
            ours = await _prefetch(run.scratch / "ours", source, sums)
            theirs = await _download(run.scratch / "go", source, sums)
            wide = await _download(run.scratch / "wide", source, sums, GOMAXPROCS="16")
            if number > 0:
                seconds[NAME].append(ours)
                seconds[GO].append(theirs)
                seconds[WIDE].append(wide)
    return Result(
        f"Prefetch of a go.sum of {MODULES} cold modules, from an upstream {DISTANT * 1000:.0f} ms away",
        comparisons=[
            Comparison(f"time over that of {GO}", {NAME: ratios(seconds[NAME], seconds[GO])}, goal=Goal(1)),
            Comparison(f"time over that of {WIDE}", {NAME: ratios(seconds[NAME], seconds[WIDE])}),
            compare("time", seconds, "s"),
        ],
        notes=[
            f"medians of {run.rounds} interleaved rounds, and the lowest and highest; all processes may use all cores",
            "zips are log-normal around 130 KB",
            "modproxy asks the checksum database for each module, and go asks it for none, because it has go.sum",
            "the time of go has its unpacking of the zips in it: go mod download always unpacks",
            "the time of modproxy ends when the last zip is in its place; its start is not in it",
        ],
    )


def _go_sum(made: MadeModules) -> str:
    """Write the lines of all modules."""
    lines = []
    for number in range(MODULES):
        path = module(number)
        lines.append(f"{path} {VERSION} {zip_hash(made.files[f'{escape(path)}/@v/{VERSION}.zip'])}\n")
        lines.append(f"{path} {VERSION}/go.mod {h1({'go.mod': go_mod(path)}.items())}\n")
    return "".join(lines)


async def _prefetch(folder: Path, source: Upstream, sums: str) -> float:
    """Return the seconds that the proxy takes. Raises `RuntimeError` and `TimeoutError` where not all was fetched."""
    shutil.rmtree(folder, ignore_errors=True)
    async with Ours().serve(folder, source, None) as server, aiohttp.ClientSession() as session:
        begun = time.perf_counter()
        async with session.post(f"{server.url}/-/prefetch", data=sums.encode()) as answer:
            lines = (await answer.read()).splitlines()
        last = json.loads(lines[-1])
        if answer.status != 200 or last.get("complete") is not True:
            raise RuntimeError(f"the prefetch is not complete: {answer.status} {last}")
        async with asyncio.timeout(_WRITTEN_SECONDS):
            while _zips(server.store) < MODULES:
                await asyncio.sleep(0.01)
        return time.perf_counter() - begun


def _zips(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.zip"))


async def _download(folder: Path, source: Upstream, sums: str, **more: str) -> float:
    """Return the seconds that the go command takes with an empty module cache. Raises `RuntimeError` where it fails."""
    if (folder / "cache").exists():
        await _go(folder, source, "clean", "-modcache")  # its files are read-only
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    required = "".join(f"\t{module(number)} {VERSION}\n" for number in range(MODULES))
    (folder / "go.mod").write_text(f"module example.com/me\n\ngo 1.21\n\nrequire (\n{required})\n")
    (folder / "go.sum").write_text(sums)
    begun = time.perf_counter()
    await _go(folder, source, "mod", "download", **more)
    taken = time.perf_counter() - begun
    zips = _zips(folder / "cache" / "cache" / "download")
    if zips != MODULES:
        raise RuntimeError(f"the go command holds {zips} zips, and not {MODULES}")
    return taken


async def _go(folder: Path, source: Upstream, *words: str, **more: str) -> None:
    path = f"{os.environ['PATH']}:{Path(sys.executable).parent}"
    environment = {
        "PATH": path, "HOME": str(folder), "GOMODCACHE": str(folder / "cache"), "GOPROXY": source.url,
        "GOSUMDB": source.database, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOENV": "off",
        **more,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        "go", *words, cwd=folder, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"go {' '.join(words)} failed: {errors.decode(errors='replace')[-2000:]}")
