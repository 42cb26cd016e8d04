"""What does a cold fetch from the object store cost beside one from an upstream that is as far away?

A replica without a file fetches modules of a made project, with as many requests at once as a go command has. Each
answer of the upstream and of the object store comes `DISTANCE_SECONDS` after its request.
"""

import asyncio
import time
from statistics import median
from typing import Any

from aiohttp import web

from bench.figures.result import Figure, Result
from bench.machine.cores import CORES, bound
from bench.run import Run
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3
from tests.modproxy.bucket.site import NOWHERE, fill, replica, s3_secret
from tests.modproxy.fake_upstream import Behaviour, FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

DISTANCE_SECONDS = 0.02
MODULES = 60
PAYLOAD = 30_000
"""Bytes of the one file of a module."""
AT_ONCE = 10
ROUNDS = 5


async def measure(run: Run) -> Result:
    """Fetch the project from each in turn, each time into an empty cache."""
    times: dict[str, list[float]] = {"upstream": [], "bucket": []}
    async with FakeUpstream() as upstream, FakeS3() as s3:
        keys = _make(upstream)
        s3_secret(run.scratch / "secrets")
        store = {"url": f"s3://{BUCKET}/bench", "endpoint": s3.url, "secretName": "bucket"}
        more: dict[str, Any] = {"secretsDir": str(run.scratch / "secrets")}
        async with replica(run.scratch / "filling", upstream, store, **more) as proxy:
            await fill(proxy, keys)
        upstream.behaviours.update({key: _far(body) for key, body in upstream.files.items()})
        s3.faults.append(_wait)
        for number in range(ROUNDS):
            run.say(f"round {number + 1} of {ROUNDS}")
            times["upstream"].append(await _cold(replica(run.scratch / f"u{number}", upstream, {}), keys))
            times["bucket"].append(await _cold(replica(run.scratch / f"b{number}", NOWHERE, store, **more), keys))
    ratios = [b / u for u, b in zip(times["upstream"], times["bucket"], strict=True)]
    return Result(
        f"A cold project of {MODULES} modules, everything {DISTANCE_SECONDS * 1000:.0f} ms away",
        [
            Figure("from an upstream, median", median(times["upstream"]), "s"),
            Figure("from the object store, median", median(times["bucket"]), "s"),
            Figure("from the object store beside an upstream", median(ratios), "times", limit=1.3),
        ],
        notes=[f"{AT_ONCE} requests at once, medians of {ROUNDS} rounds in turn; both servers are Python"],
    )


def _make(upstream: FakeUpstream) -> list[str]:
    keys = []
    for number in range(MODULES):
        upstream.add(
            f"example.com/m{number}", "v1.0.0", payload=b"package m // " + bytes(range(256)) * (PAYLOAD // 256)
        )
        keys += [f"example.com/m{number}/@v/v1.0.0.{suffix}" for suffix in ("info", "mod", "zip")]
    return keys


def _far(body: bytes) -> Behaviour:
    async def behave(_: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(DISTANCE_SECONDS)
        return web.Response(body=body)

    return behave


async def _wait(_: web.BaseRequest) -> None:
    await asyncio.sleep(DISTANCE_SECONDS)


async def _cold(proxy: ProxyProcess, keys: list[str]) -> float:
    slots = asyncio.Semaphore(AT_ONCE)

    async def get(key: str) -> None:
        async with slots:
            assert (await proxy.get(key)).status == 200

    with bound(CORES.server):
        await proxy.__aenter__()
    try:
        begun = time.perf_counter()
        await asyncio.gather(*map(get, keys))
        return time.perf_counter() - begun
    finally:
        await proxy.kill()
        await proxy.__aexit__(None, None, None)
