"""A run of the schedule stops before the cache evicts anything for what it fetches."""

import random
from pathlib import Path

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess

KIB = 1 << 10
VERSIONS = [f"v1.{minor}.0" for minor in range(60)]


async def test_a_run_stops_at_the_low_watermark(upstream: FakeUpstream, tmp_path: Path) -> None:
    upstream.add("example.com/large", *VERSIONS, payload=random.randbytes(100 * KIB))
    upstream.add("example.com/used", "v1.0.0", payload=random.randbytes(100 * KIB))
    config = {"upstream": {"goproxy": upstream.url}, "cache": {"sizeBytes": 4800 * KIB}}
    async with ProxyProcess(tmp_path, config) as proxy:
        assert (await proxy.get("example.com/used/@v/v1.0.0.zip")).status == 200
        proxy.write_config(sync={"modules": ["example.com/large"], "schedule": "* * * * *"})
        report = await proxy.until_report(
            lambda one: one.sync is not None and one.sync.last_run is not None, seconds=30
        )
        assert report.sync is not None and report.sync.stopped is not None and "75 %" in report.sync.stopped
        assert report.sync.problems and "more room" in report.sync.problems[0]
        held = {version for version in VERSIONS if (proxy.cache / f"example.com/large/@v/{version}.zip").exists()}
        assert 20 <= len(held) <= 45
        assert held == set(VERSIONS[-len(held) :])  # the newest ones
        assert report.sync.fetched == len(held) and report.sync.missing == len(VERSIONS) - len(held)
        assert report.sync.last_complete is None
        assert (proxy.cache / "example.com/used/@v/v1.0.0.zip").exists()
