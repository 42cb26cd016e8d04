"""The schedule looks after modules that are held elsewhere: at other replicas, and in the object store."""

from pathlib import Path

from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3
from tests.modproxy.bucket.site import fill, replica, s3_secret
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live.test_sync import holds
from tests.modproxy.replica_fleet import Fleet

SYNC = {"modules": ["example.com"], "schedule": "* * * * *"}
M = "example.com/!mixed"


async def test_an_owner_looks_after_what_another_replica_holds(upstream: FakeUpstream, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, {"upstream": {"goproxy": upstream.url}, "sync": SYNC}, 2)
    owner = fleet.owner(f"{M}/@v/list")
    held = tmp_path / fleet.names[1 - owner] / "cache" / M / "@v"
    held.mkdir(parents=True)
    (held / "v1.0.0.info").write_bytes(upstream.files[f"{M}/@v/v1.0.0.info"])
    async with fleet:
        await holds(fleet.replicas[owner], f"{M}/@v/v1.1.0.zip", 90)
        assert not (held / "v1.1.0.zip").exists()


async def test_what_is_in_the_object_store_is_looked_after(upstream: FakeUpstream, tmp_path: Path) -> None:
    async with FakeS3() as s3:
        s3_secret(tmp_path / "secrets")
        store = {"url": f"s3://{BUCKET}/corp", "endpoint": s3.url, "secretName": "bucket"}
        secrets = str(tmp_path / "secrets")
        async with replica(tmp_path / "first", upstream, store, secretsDir=secrets) as proxy:
            await fill(proxy, [f"{M}/@v/v1.0.0.{kind}" for kind in ("info", "mod", "zip")])
        async with replica(tmp_path / "second", upstream, store, secretsDir=secrets, sync=SYNC) as proxy:
            await holds(proxy, f"{M}/@v/v1.1.0.zip", 90)
