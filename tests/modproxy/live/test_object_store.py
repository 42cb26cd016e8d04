"""A replica with an object store: what is written behind, what is read, and what happens when the store fails."""

from pathlib import Path

from tests.modproxy.bucket.site import ALL, NOWHERE, fill, replica
from tests.modproxy.fake_upstream import FakeUpstream


async def test_an_empty_replica_serves_all_that_the_folder_has_with_upstream_gone(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    store = {"url": f"file://{tmp_path}/bucket"}
    async with replica(tmp_path / "a", upstream, store) as first:
        bodies = await fill(first, ALL)
    async with replica(tmp_path / "b", NOWHERE, store, cache={"listTTL": "1s"}) as second:
        for key, body in bodies.items():
            answer = await second.get(key)
            assert (answer.status, answer.body) == (200, body), (key, answer.text)
        report = await second.report()
        assert report.requests["objectStore"] == len(bodies)
        assert report.object_store is not None
        assert report.object_store.failure is None
