"""Three replicas with one depot: publishers at once, deletions, and replicas that are killed in the midst of it.

`MODPROXY_KILL_PUBLICATIONS` says how often a replica is killed.
"""

import asyncio
import contextlib
import os
import random
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.kubernetes.eventually import eventually
from tests.modproxy.bucket.site import NOWHERE, s3_secret
from tests.modproxy.bucket.versity import BUCKET, versity
from tests.modproxy.hosted_site import PRIVATE, config, delete, key_of, publish, zip_of
from tests.modproxy.proxy_process import ProxyProcess
from tests.modproxy.replica_fleet import Fleet

M = f"{PRIVATE}/m"
KILLS = int(os.environ.get("MODPROXY_KILL_PUBLICATIONS", "12"))
SUFFIXES = ("info", "mod", "zip")


def _in_folder(folder: Path) -> dict[str, Any]:
    return config(NOWHERE, cache={"objectStore": {"url": f"file://{folder}/bucket"}})


async def _publishers_at_once(fleet: Fleet, version: str) -> None:
    """Publish other bytes at each replica at once: one of them wins, and all replicas serve its bytes."""
    bodies = [zip_of(M, version, who=f"package m // {n}\n".encode()) for n in range(6)]
    replicas = fleet.running * 2
    sent = await asyncio.gather(
        *(publish(replica, M, version, body) for replica, body in zip(replicas, bodies, strict=True))
    )
    statuses = [answer.status for answer in sent]
    assert sorted(statuses) == [201, *[409] * 5], [answer.text for answer in sent]
    won = bodies[statuses.index(201)]
    for replica in fleet.running:
        assert (await replica.get(key_of(M, version))).body == won
        assert version in (await replica.get(f"{M}/@v/list")).text.split()


async def test_publishers_and_deletions_at_once_with_a_real_s3(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    with versity(tmp_path / "s3", s3_secret(secrets)) as s3:
        store = {"url": f"s3://{BUCKET}/fleet", "endpoint": s3.url, "secretName": "bucket"}
        document = config(NOWHERE, cache={"objectStore": store}, secretsDir=str(secrets))
        async with Fleet(tmp_path / "fleet", document) as fleet:
            first, second, third = fleet.running
            for number in range(4):
                await _publishers_at_once(fleet, f"v1.0.{number}")
            same = zip_of(M, "v1.1.0")
            sent = await asyncio.gather(*(publish(replica, M, "v1.1.0", same) for replica in fleet.running))
            assert {answer.status for answer in sent} <= {200, 201} and 201 in {answer.status for answer in sent}
            assert len({(await replica.get(key_of(M, "v1.1.0", "info"))).body for replica in fleet.running}) == 1

            # A deletion at one replica is seen by all of them at once, though each has cached the files.
            for replica in fleet.running:
                await replica.settled()
            gone = await asyncio.gather(*(delete(replica, M, "v1.1.0") for replica in fleet.running))
            assert {answer.status for answer in gone} == {200}
            for replica in fleet.running:
                for suffix in SUFFIXES:
                    assert (await replica.get(key_of(M, "v1.1.0", suffix))).status == 410
            assert (await publish(second, M, "v1.1.0", same)).status == 201
            assert (await third.get(key_of(M, "v1.1.0"))).body == same
            assert (await first.get(f"{M}/@v/list")).text.split()[-1] == "v1.1.0"


async def test_a_replica_that_was_not_told_of_a_deletion_finds_out(tmp_path: Path) -> None:
    document = _in_folder(tmp_path)
    one, other = (ProxyProcess(tmp_path / name, document) for name in ("one", "other"))  # no peers of each other
    async with one, other:
        assert (await publish(one, M, "v1.0.0")).status == 201
        assert (await other.get(key_of(M, "v1.0.0"))).status == 200
        await other.settled()
        assert (await delete(one, M, "v1.0.0")).status == 200
        await other.kill()
        await other.start()

        async def is_gone() -> bool:
            return (await other.get(key_of(M, "v1.0.0"))).status == 410

        await eventually(is_gone, "the tombstone is found", seconds=20)


@pytest.mark.timeout(120 + 5 * KILLS)
async def test_kill_at_any_moment_of_publications_and_deletions(tmp_path: Path) -> None:
    chance = random.Random()
    document = _in_folder(tmp_path)
    left = 0
    async with (
        ProxyProcess(tmp_path / "killed", document) as killed,
        ProxyProcess(tmp_path / "stays", document) as stays,
    ):
        for number in range(KILLS):
            version = f"v1.{number}.0"
            body = zip_of(M, version, big=chance.randbytes(chance.choice((100, 3 << 20, 6 << 20))))
            deletes = number % 3 == 2
            if deletes:
                assert (await publish(stays, M, version, body)).status == 201
            change = delete(killed, M, version) if deletes else publish(killed, M, version, body)
            task = asyncio.create_task(_ignored(change))
            await asyncio.sleep(chance.uniform(0.0, 0.12))
            await killed.kill()
            task.cancel()
            await asyncio.wait([task])
            left += await _is_whole_or_absent(stays, version, body)
            # Whatever was left, the same bytes are published now, and then all of it is there.
            again = await publish(stays, M, version, body)
            assert again.status in (200, 201), again.text
            assert (await stays.get(key_of(M, version))).body == body
            assert (await publish(stays, M, version, zip_of(M, version, other=b"package m\n"))).status == 409
            await killed.start()
            assert (await killed.get(key_of(M, version))).body == body
    assert left, "no kill came before the end of a change: nothing was proved"


async def _ignored(change: Any) -> None:
    with contextlib.suppress(aiohttp.ClientError):
        await change


async def _is_whole_or_absent(proxy: ProxyProcess, version: str, body: bytes) -> bool:
    """Check that a version is served whole or not at all. Returns whether it is not served."""
    answers = [await proxy.get(key_of(M, version, suffix)) for suffix in SUFFIXES]
    statuses = {answer.status for answer in answers}
    assert statuses in ({200}, {404}, {410}), [answer.text for answer in answers[:2]]
    listed = version in (await proxy.get(f"{M}/@v/list")).text.split()
    assert listed == (statuses == {200}) and (not listed or answers[2].body == body)
    return not listed
