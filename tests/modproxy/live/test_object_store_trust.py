"""Fleets that share a bucket: what one of them has verified, and what the other takes of it."""

import os
from pathlib import Path
from typing import Any

import pytest

from modproxy.mod.path import escape
from tests.modproxy.bucket.site import KEYS, NOWHERE, M, fill, is_written, replica
from tests.modproxy.fake_sumdb import FakeSumdb
from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.go_client import GoClient
from tests.modproxy.live.test_checksum_database import vouch
from tests.modproxy.module_files import go_mod, module_zip


@pytest.fixture
def database(upstream: FakeUpstream) -> FakeSumdb:
    made = FakeSumdb()
    made.pad(300)
    vouch(made, upstream, "example.com/Mixed", "v1.0.0")
    made.publish(upstream.files)
    return made


def verifying(database: FakeSumdb) -> dict[str, Any]:
    return {"asks": {"gosumdb": database.verifier_key}}


async def test_a_region_starts_again_from_the_bucket_in_an_outage_and_verifies_all(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    store = {"url": f"file://{tmp_path}/bucket"}
    async with replica(tmp_path / "a", upstream, store, **verifying(database)) as first:
        bodies = await fill(first, [*KEYS, f"{M}/@v/list"])
        await first.until_report(is_written)
    async with replica(tmp_path / "b", NOWHERE, store, **verifying(database)) as second:
        for key, body in bodies.items():
            answer = await second.get(key)
            assert (answer.status, answer.body) == (200, body), answer.text


async def test_the_bucket_is_a_tree_for_the_go_command(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    async with replica(tmp_path / "a", upstream, {"url": f"file://{tmp_path}/bucket"}) as first:
        await fill(first, [*KEYS, f"{M}/@v/list"])
    client = GoClient(tmp_path / "client", f"file://{tmp_path}/bucket,off", GOSUMDB="off")
    await client.succeed("mod", "init", "example.com/project")
    await client.succeed("get", "example.com/Mixed@v1.0.0")


async def test_who_verifies_takes_nothing_that_came_in_without(
    upstream: FakeUpstream, database: FakeSumdb, tmp_path: Path
) -> None:
    store = {"url": f"file://{tmp_path}/bucket"}
    good = dict(upstream.files)
    forged = module_zip("example.com/Mixed", "v1.0.0", {"go.mod": go_mod("example.com/Mixed"), "evil.go": b"package m"})
    upstream.files[KEYS[2]] = forged
    async with replica(tmp_path / "a", upstream, store) as careless:
        await fill(careless, KEYS)
    upstream.files.update(good)
    async with replica(tmp_path / "b", upstream, store, **verifying(database)) as careful:
        answer = await careful.get(KEYS[2])
        assert (answer.status, answer.body) == (200, good[KEYS[2]])
        assert "SECURITY" not in careful.log()
        await careful.until_report(is_written)
    assert (tmp_path / "bucket" / KEYS[2]).read_bytes() == good[KEYS[2]], "and the bucket has the verified one now"


async def test_private_modules_are_taken_only_if_they_came_from_version_control(
    upstream: FakeUpstream, tmp_path: Path
) -> None:
    store = {"url": f"file://{tmp_path}/bucket"}
    async with replica(tmp_path / "a", upstream, store) as public:
        await fill(public, KEYS)
    private = {"goprivate": ["example.com"], "directTimeout": "5s"}
    async with replica(tmp_path / "b", upstream, store, asks=private) as other:
        assert (await other.get(KEYS[0])).status != 200


async def test_a_large_zip_streams_both_ways_in_bounded_memory(upstream: FakeUpstream, tmp_path: Path) -> None:
    name, size = f"{escape('example.com/Mixed')}/@v/v1.1.0.zip", 96 << 20
    zipped = module_zip("example.com/Mixed", "v1.1.0", {f"{n}": os.urandom(size // 4) for n in range(4)})
    upstream.files[name] = zipped
    store = {"url": f"file://{tmp_path}/bucket"}
    async with replica(tmp_path / "a", upstream, store) as first:
        before = peak(first.process.pid)  # type: ignore[union-attr]  # it runs
        await fill(first, [name])
        assert peak(first.process.pid) - before < 64 << 20  # type: ignore[union-attr]  # as above
    async with replica(tmp_path / "b", NOWHERE, store) as second:
        before = peak(second.process.pid)  # type: ignore[union-attr]  # as above
        assert (await second.get(name)).body == zipped
        assert peak(second.process.pid) - before < 48 << 20  # type: ignore[union-attr]  # as above


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
