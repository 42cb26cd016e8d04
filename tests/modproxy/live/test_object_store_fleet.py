"""A fleet of peers with a bucket: what it writes once, and what an empty fleet has of it."""

from pathlib import Path
from typing import Any

from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.site import ALL, KEYS, NOWHERE, M
from tests.modproxy.fake_sumdb import NAME, FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.replica_fleet import Fleet


async def test_an_empty_fleet_serves_and_verifies_what_another_one_has_written(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    database = FakeSumdb()
    database.pad(300)
    vouch(database, upstream, "example.com/Mixed", "v1.0.0")
    database.publish(upstream.files)
    bucket = tmp_path / "bucket"

    def config(url: str) -> dict[str, Any]:
        return {
            "upstream": {"goproxy": url, "timeout": "2s", "gosumdb": database.verifier_key},
            "cache": {"objectStore": {"url": f"file://{bucket}"}},
        }

    bodies = {}
    async with Fleet(tmp_path / "a", config(upstream.url), count=2) as fleet:
        for replica in fleet.running:
            for key in ALL:
                bodies[key] = (await replica.get(key)).body
        assert all(upstream.requests[key] == 1 for key in ALL)

        async def written() -> bool:
            wanted = [*ALL, f"sumdb/{NAME}/lookup/{M}@v1.0.0", f"sumdb/{NAME}/latest"]
            return all((bucket / key).exists() for key in wanted)

        await eventually(written, "the bucket has all", seconds=20)
    async with Fleet(tmp_path / "b", config(NOWHERE), count=2) as fleet:
        for replica in fleet.running:
            for key in KEYS:
                answer = await replica.get(key)
                assert (answer.status, answer.body) == (200, bodies[key]), answer.text
