"""How soon does a replica serve when it holds a million files, and how much memory does counting them take?"""

import asyncio
import os
import shutil
import time
from pathlib import Path
from statistics import median

from bench.figures.result import Figure, Result
from bench.machine.cores import CORES, bound
from bench.run import Run
from bench.servers.ours import Ours, server
from bench.upstream.made import MadeModules, keys
from bench.upstream.run import upstream

FILES = 1_000_000
FILES_IN_A_FOLDER = 100
LINKS = 30_000
"""Links that one file gets: file systems have limits."""
STARTS = 3
LONGEST_SCAN = 300


async def measure(run: Run) -> Result:
    """Start several times over the same tree."""
    first_hits, scans, memory, later = [], [], [], []
    made = MadeModules()
    made.add_real_sizes(1)
    made.write(run.scratch / "upstream")
    async with (
        upstream(run.scratch / "upstream", made.gosumdb) as source,
        Ours().process(run.scratch / "modproxy", source) as proxy,
    ):
        wanted = keys(0)[1]
        assert (await proxy.get(wanted)).status == 200
        await proxy.settled()
        await proxy.kill()
        try:
            run.say(f"making {FILES:,} files")
            await asyncio.to_thread(_fill, proxy.cache)
            for number in range(1, STARTS + 1):
                run.say(f"start {number} of {STARTS}")
                started = time.perf_counter()
                with bound(CORES.server):
                    await proxy.start()
                reply = await proxy.get(wanted)
                first_hits.append(time.perf_counter() - started)
                assert reply.headers["Cache-Status"] == "modproxy; hit"
                slowest = 0.0
                async with asyncio.timeout(LONGEST_SCAN):
                    while not (report := await proxy.report()).storage.scanned:
                        asked = time.perf_counter()
                        await proxy.get(wanted)
                        slowest = max(slowest, time.perf_counter() - asked)
                        await asyncio.sleep(0.05)
                scans.append(time.perf_counter() - started)
                later.append(1000 * slowest)
                memory.append(server(proxy).peak_mib)
                assert report.storage.objects >= FILES
                await proxy.kill()
        finally:
            await proxy.kill()
            await asyncio.to_thread(shutil.rmtree, proxy.cache)
    return Result(
        f"Start-up with {FILES:,} files",
        [
            Figure("first hit", median(first_hits), "s", limit=2),
            Figure("all counted", median(scans), "s"),
            Figure("slowest hit meanwhile", median(later), "ms"),
            Figure("most memory", max(memory), "MiB", limit=250),
        ],
        notes=[f"medians of {STARTS} starts, directories in the page cache"],
    )


def _fill(cache: Path) -> None:
    """Make the files: hard links to few, because only their names count here."""
    source = cache
    for number in range(FILES):
        if number % LINKS == 0:
            source = cache / f"example.com/source/@v/v1.{number}.0.mod"
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text("module example.com/source\n")
        folder = f"{cache}/example.com/f{number // FILES_IN_A_FOLDER % 100}/m{number // FILES_IN_A_FOLDER}/@v"
        if number % FILES_IN_A_FOLDER == 0:
            os.makedirs(folder)  # noqa: PTH103 - a million Paths take longer than the files
        os.link(source, f"{folder}/v1.{number}.0.mod")
