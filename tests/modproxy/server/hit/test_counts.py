"""Hits from memory are counted as aiohttp's are: each once, in metrics, in the report, and as uses of their files."""

import os
import re
import time

import pytest

from modproxy.cache.answer import CacheStatus
from modproxy.server.traffic import Traffic
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import INFO, LIST, MOD, ZIP, TwoWays, get

ASKED = {INFO: 40, MOD: 25, LIST: 20, ZIP: 15}


@pytest.mark.parametrize("way", ["quick", "plain"])
async def test_every_hit_is_counted_once(two_ways: TwoWays, way: str) -> None:
    await two_ways.hold(*ASKED)
    before, hits = figures(two_ways), window_hits(two_ways)
    two_ways.by_aiohttp.requests = 0
    for path, number in ASKED.items():
        for _ in range(number):
            await two_ways.ask(getattr(two_ways, way), get(path))
    assert two_ways.by_aiohttp.requests == 0
    after = figures(two_ways)
    kinds = {path: path.rpartition(".")[2] if "." in path.rpartition("/")[2] else "list" for path in ASKED}
    for path, number in ASKED.items():
        requests = f'http_requests_total{{cache="hit",code="200",endpoint="{kinds[path]}"}}'
        assert after[requests] - before[requests] == number
        durations = f'http_request_duration_seconds_count{{endpoint="{kinds[path]}"}}'
        assert after[durations] - before[durations] == number
    assert window_hits(two_ways) - hits == sum(ASKED.values())
    report = two_ways.replica.reporter.report()
    assert report.requests["hit"] == sum(value for name, value in after.items() if 'cache="hit"' in name)


def figures(site: TwoWays) -> dict[str, float]:
    rendered = site.replica.metrics.render().decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]+) (\S+)$", rendered, re.MULTILINE)}


def window_hits(site: TwoWays) -> int:
    return site.replica.reporter.report().window.hits


@pytest.mark.parametrize("way", ["quick", "plain"])
async def test_every_hit_is_a_use_of_its_file(two_ways: TwoWays, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await two_ways.hold(*ASKED)
    await two_ways.replica.store.write_down_use()
    long_ago = time.time() - 86400
    for path in ASKED:
        status = (two_ways.cache / path).stat()
        os.utime(two_ways.cache / path, ns=(int(long_ago * 1e9), status.st_mtime_ns))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2)  # the next second
    for path in (INFO, ZIP):
        await two_ways.ask(getattr(two_ways, way), get(path))
    await two_ways.replica.store.write_down_use()
    used = {path: (two_ways.cache / path).stat().st_atime for path in ASKED}
    assert real() - used[INFO] < 60
    assert real() - used[ZIP] < 60
    assert real() - used[MOD] > 80000
    assert real() - used[LIST] > 80000


async def test_evictions_see_hits(two_ways: TwoWays, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"{ZIP[:-10]}v1.1.0.zip"
    await two_ways.hold(ZIP, other)
    await two_ways.replica.store.write_down_use()
    for age, path in ((86400, ZIP), (3600, other)):
        status = (two_ways.cache / path).stat()
        os.utime(two_ways.cache / path, ns=(int((time.time() - age) * 1e9), status.st_mtime_ns))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2)
    two_ways.by_aiohttp.requests = 0
    await two_ways.ask(two_ways.quick, get(ZIP))
    assert two_ways.by_aiohttp.requests == 0
    store = two_ways.replica.store
    store.limit, store.lacking = store.held_bytes, 1
    await two_ways.replica._janitor.tidy()
    assert (two_ways.cache / ZIP).exists()
    assert not (two_ways.cache / other).exists()
    assert (await two_ways.ask(two_ways.quick, get(other))).endswith(upstream.files[other])


def test_quick_hits_are_taken_up_whoever_reads() -> None:
    now = [0.0]
    traffic = Traffic(lambda: now[0])
    quick = traffic.quick_hits("mod")
    assert traffic.quick_hits("mod") is quick
    quick.count, quick.seconds = 3, 0.0006
    assert traffic.by_status()["hit"] == 3
    quick.count, quick.seconds = 2, 0.0004
    assert traffic.window().hits == 5
    traffic.count("mod", 200, CacheStatus.HIT, 0.0011)
    assert traffic.requests["mod", 200, "hit"] == 6
    assert traffic.durations["mod"].counts[:3] == [5, 1, 0]
    assert traffic.durations["mod"].total == pytest.approx(0.0021)
    assert traffic.hit_durations["mod"].counts[:3] == traffic.durations["mod"].counts[:3]
    # What is settled in time stands in the slot of its time.
    quick.count = 7
    traffic.settle()
    now[0] = 601.0
    assert (traffic.window().hits, traffic.by_status()["hit"]) == (0, 13)
