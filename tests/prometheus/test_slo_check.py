"""`slo check` as a pipeline runs it, against a real Prometheus that has two days of a fleet's figures."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tests.prometheus import programs
from tests.prometheus.server import Prometheus

STEP = 60
SINCE = 3600
"""The release was an hour ago."""
HOURS = 30


@dataclass(frozen=True)
class Minute:
    """What comes in a minute."""

    hits: int = 950
    misses: int = 50
    failures: int = 0
    slow: int = 0
    percent_full: int = 80


def samples(before: Minute, after: Minute, now: int) -> Iterator[str]:
    """The lines of a page of metrics, of each minute, in OpenMetrics' format."""
    labels = 'job="team-a",namespace="build",pod="team-a-0"'
    families: dict[str, list[str]] = {}
    hits = misses = failures = fast = 0
    for moment in range(now - HOURS * 3600, now, STEP):
        minute = before if moment <= now - SINCE else after
        hits, misses, failures = hits + minute.hits, misses + minute.misses, failures + minute.failures
        fast += minute.hits - minute.slow
        counted = {("200", "hit"): hits, ("200", "miss"): misses, ("502", "miss"): failures}
        for (code, cache), count in counted.items():
            more = f'{labels},endpoint="mod",code="{code}",cache="{cache}"'
            families.setdefault("http_requests counter", []).append(f"http_requests_total{{{more}}} {count} {moment}")
        name, more = "modproxy_hit_duration_seconds", f'{labels},endpoint="mod"'
        for bound, count in (("0.1", fast), ("+Inf", hits)):
            line = f'{name}_bucket{{{more},le="{bound}"}} {count} {moment}'
            families.setdefault(f"{name} histogram", []).append(line)
        families[f"{name} histogram"].append(f"{name}_count{{{more}}} {hits} {moment}")
        for gauge, value in (("cache_bytes", minute.percent_full), ("cache_capacity_bytes", 100)):
            line = f"modproxy_{gauge}{{{labels}}} {value} {moment}"
            families.setdefault(f"modproxy_{gauge} gauge", []).append(line)
    for family, lines in families.items():
        yield f"# TYPE {family}"
        yield from sorted(lines, key=lambda line: line.rpartition(" ")[0].rpartition(" ")[0])
    yield "# EOF"


def fill(folder: Path, before: Minute, after: Minute) -> None:
    """Make the data of a Prometheus that has scraped such a fleet."""
    folder.mkdir(parents=True)
    page = folder / "metrics"
    page.write_text("\n".join(samples(before, after, int(time.time()))) + "\n")
    command = [programs.find("promtool"), "tsdb", "create-blocks-from", "openmetrics", page, folder / "data"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


async def check(url: str, *arguments: str) -> tuple[int, str, str]:
    """Run the command. Returns the exit status, what it wrote, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "goproxy_operator", "slo", "check", "team-a", "-n", "build"),
        *("--prometheus", url, "--since", "1h", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    written, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, written.decode(), said.decode()


WELL = {"availability": "Met", "hitRate": "Met", "fastHits": "Met", "storage": "Met"}
CASES = {
    "as before": (Minute(), Minute(), 0, {}),
    "failures": (Minute(), Minute(failures=20), 1, {"availability": "Worse", "hitRate": "WorseWithin"}),
    "failures as before": (Minute(failures=20), Minute(failures=20), 0, {"availability": "MissedBefore"}),
    "misses": (Minute(), Minute(hits=500, misses=500), 1, {"hitRate": "Worse"}),
    "some more misses": (Minute(), Minute(hits=850, misses=150), 0, {"hitRate": "WorseWithin"}),
    "slow hits": (Minute(), Minute(slow=100), 1, {"fastHits": "Worse"}),
    "a full cache": (Minute(), Minute(percent_full=96), 1, {"storage": "Worse"}),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_release_that_makes_an_objective_worse_is_stopped(tmp_path: Path, name: str) -> None:
    before, after, status, differs = CASES[name]
    await asyncio.to_thread(fill, tmp_path / "prometheus", before, after)
    async with Prometheus(tmp_path / "prometheus", {}) as prometheus:
        await prometheus.until("vector(1)")
        code, written, said = await check(prometheus.url, "-o", "json")
        assert code == status, written + said
        document = json.loads(written)
        assert document["passed"] is (status == 0)
        found = {one["name"]: one["verdict"] for one in document["objectives"]}
        assert found == WELL | differs
        code, written, _ = await check(prometheus.url)
        assert code == status
        assert written.startswith("OBJECTIVE")
        # Another fleet has no figures here.
        code, written, _ = await check(prometheus.url, "-n", "elsewhere", "--require-data")
        assert (code, "nothing of this fleet" in written) == (1, True)


async def test_what_is_no_prometheus_is_told(tmp_path: Path) -> None:
    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="<html>hello</html>")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://{}:{}".format(*runner.addresses[0][:2])
    code, _, said = await check(url)
    assert (code, "gives no answer of a Prometheus, but: <html>hello" in said) == (1, True), said
    await runner.cleanup()
    code, _, said = await check(url)
    assert (code, "Connection refused" in said) == (1, True), said
    code, _, said = await check("https://prometheus.example.com", "--objective", "uptime=99")
    assert (code, "'uptime=99' is no objective" in said) == (2, True), said
    code, _, said = await check("https://prometheus.example.com", "--since", "2026-03-01T12:00:00")
    assert (code, "has no time zone" in said) == (2, True), said
