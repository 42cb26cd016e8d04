"""The cache stays within its size, and survives a disk that refuses writes."""

import asyncio
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy import fake_upstream
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

KIB = 1 << 10


def add_modules(upstream: FakeUpstream, count: int, size: int) -> list[str]:
    """Add modules whose zips are a little over `size` bytes, and return the keys of the zips."""
    for number in range(count):
        payload = hashlib.shake_128(str(number).encode()).digest(size)
        upstream.add(f"example.com/m{number}", "v1.0.0", payload=payload)
    return [f"example.com/m{number}/@v/v1.0.0.zip" for number in range(count)]


async def test_the_cache_stays_within_its_size(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    zips = add_modules(upstream, 10, 100 * KIB)
    proxy.write_config(cache={"sizeBytes": 600 * KIB})
    await proxy.until_report(lambda report: report.config.generation == 2)
    for age, key in enumerate(zips[:4]):
        await proxy.get(key)
        await proxy.settled()
        then = time.time() - 3600 * (10 - age)
        os.utime(proxy.cache / key, (then, then))
    assert (await proxy.get(zips[0])).headers["Cache-Status"] == "modproxy; hit"  # the zip was just used, so it stays
    for key in zips[4:6]:
        await proxy.get(key)
    await proxy.until_report(lambda report: report.storage.used_bytes <= 450 * KIB)
    held = await proxy.held()
    assert zips[0] in held
    assert zips[1] not in held
    # A zip without room makes the janitor write a trial file, which counts until it is removed again.
    size = sum((proxy.cache / key).stat().st_size for key in held)
    await proxy.until_report(lambda report: report.storage.used_bytes == size)
    assert (await proxy.get(zips[1])).body == upstream.files[zips[1]]


async def test_absent_minded_clients_fill_no_disk(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    """Many HEADs fetch no zip, and many beginnings of large zips never need more than the cache may have."""
    zips = add_modules(upstream, 20, 600 * KIB)
    proxy.write_config(cache={"sizeBytes": 2 << 20})
    await proxy.until_report(lambda report: report.config.generation == 2)
    for reply in await asyncio.gather(*(proxy.get(key, "HEAD") for key in zips)):
        assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "application/zip", b"")
    assert not any(upstream.requests[key] for key in zips)
    gates = {key: fake_upstream.Gate(upstream.files[key], 500 * KIB) for key in zips}
    upstream.behaviours.update(gates)
    leaving = [asyncio.create_task(proxy.get(key)) for key in zips]
    for gate in gates.values():
        await gate.begun.wait()
    # What is being written counts.
    await proxy.until_report(lambda report: report.storage.used_bytes > 500 * KIB)
    written = sum(path.stat().st_size for path in (proxy.cache / ".modproxy" / "drafts").iterdir())
    report = await proxy.report()
    assert written <= report.storage.used_bytes <= 2 << 20
    for task in leaving:
        task.cancel()
    await proxy.until_report(lambda report: report.storage.used_bytes < 100 * KIB)
    for gate in gates.values():
        gate.open.set()
    upstream.behaviours.clear()
    assert (await proxy.get(zips[0])).body == upstream.files[zips[0]]


async def test_last_use_survives_a_restart(proxy: ProxyProcess, upstream: FakeUpstream) -> None:
    key = "example.com/!mixed/@v/v1.0.0.mod"
    await proxy.get(key)
    await proxy.settled()
    then = time.time() - 36000
    os.utime(proxy.cache / key, (then, then))
    await proxy.get(key)
    await proxy.kill(15)
    status = (proxy.cache / key).stat()
    assert time.time() - status.st_atime < 60
    assert status.st_mtime == pytest.approx(then, abs=1)


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the program a file system of 2 MiB at its cache directory, in a mount namespace of its own."""
    assert shutil.which("unshare"), "this test needs unshare(1) of util-linux"
    folder = tmp_path / "fleet"
    script = tmp_path / "python-on-a-small-disk"
    user = "" if os.geteuid() == 0 else "--user --map-root-user"
    script.write_text(
        f"#!/bin/sh\nexec unshare {user} --mount sh -c 'mkdir -p {folder}/cache && "
        f'mount -t tmpfs -o size=2m tmpfs {folder}/cache && exec {sys.executable} "$@"\' sh "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr("tests.modproxy.proxy_process.PYTHON", str(script))
    return folder


async def test_a_full_disk_stops_writes_and_nothing_else(upstream: FakeUpstream, small_disk: Path) -> None:
    zips = add_modules(upstream, 8, 400 * KIB)
    # The watermarks never count this file system as full; only its refusal shows that it is full.
    config = {"upstream": {"goproxy": upstream.url}, "cache": {"highWatermarkPercent": 99, "lowWatermarkPercent": 98}}
    async with ProxyProcess(small_disk, config) as proxy:
        for key in zips:
            assert (await proxy.get(key)).body == upstream.files[key]

        async def refuses() -> bool:
            # The janitor's trial is smaller than a zip, so that it may end the refusal between two of them.
            await proxy.get(zips[-1])
            return (await proxy.report()).storage.disk_pressure is not None

        await eventually(refuses, "the disk refuses a zip")
        assert (await proxy.get(zips[0])).headers["Cache-Status"] == "modproxy; hit"
        together = await asyncio.gather(*(proxy.get(zips[-1]) for _ in range(5)))
        assert {reply.body for reply in together} == {upstream.files[zips[-1]]}
        assert (await proxy.get("example.com/!mixed/@v/list")).body == b"v1.0.0\nv1.1.0\n"
        proxy.write_config(cache={"sizeBytes": 1 << 20})
        await proxy.until_report(lambda report: report.storage.used_bytes < 1 << 20)

        async def stores_again() -> bool:
            await proxy.get(zips[-1])
            return (await proxy.get(zips[-1])).headers["Cache-Status"] == "modproxy; hit"

        await eventually(stores_again, "the cache takes files again")
