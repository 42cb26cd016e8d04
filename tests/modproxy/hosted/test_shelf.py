"""Publications, deletions and restorations of one version at once, which die at any moment: what a reader ever sees."""

import asyncio
import hashlib
import io
import random
from dataclasses import replace
from pathlib import Path

import pytest

from modproxy.bucket.bucket import Bucket, BucketError
from modproxy.bucket.depot import Depot
from modproxy.hosted.claim import Claim, claim_key, file_key, info_of, tombstone_key, verdict_key
from modproxy.hosted.shelf import Deleted, Done, HostedShelf, Published, Refused
from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import check_version

M = check_path("corp.example.com/M")
V = check_version(M, "v1.0.0")
MOD = b"module corp.example.com/M\n"
A, B = b"a" * 1000, b"b" * 1000


@pytest.fixture
async def shelf(tmp_path: Path) -> HostedShelf:
    depot = Depot(Bucket(), tmp_path / "depot")
    await depot.take(None, on=True)
    return HostedShelf(depot)


def claim(body: bytes, by: str = "alice", at: float = 1.7e9) -> Claim:
    digest = hashlib.sha256(body).hexdigest()
    return Claim(len(body), digest, f"h1:{digest}", hashlib.sha256(MOD).hexdigest(), len(MOD), info_of(V, at), by, at)


async def publish(shelf: HostedShelf, body: bytes, **who: object) -> Done:
    return (await shelf.publish(M, V, claim(body, **who), lambda: io.BytesIO(body), MOD))[0]  # type: ignore[arg-type]  # by and at


async def served(shelf: HostedShelf) -> bytes | None:
    """Return the zip that a reader gets now; None where the version is not served."""
    found = await shelf.find(M, V)
    if not isinstance(found, Published):
        return None
    kept = await shelf.depot.read(file_key(Target(M, V, Kind.ZIP), found.life), 10_000)
    return None if kept is None else kept.body


async def test_a_version_is_published_once_and_comes_back_as_it_was(shelf: HostedShelf) -> None:
    assert await shelf.find(M, V) is None and not (await shelf.versions(M)).served
    with pytest.raises(Refused) as absent:
        await shelf.delete(M, V, "carol")
    assert absent.value.status == 404
    assert await publish(shelf, A) is Done.CREATED and await publish(shelf, A, by="bob", at=1.8e9) is Done.SAME
    with pytest.raises(Refused, match="by alice at 2023"):
        await publish(shelf, B)
    info = await shelf.depot.read(file_key(Target(M, V, Kind.INFO), 0), 1000)
    for times in range(1, 4):
        done, stone = await shelf.delete(M, V, "carol")
        assert done is Done.DELETED and stone.by == "carol"
        assert (await shelf.delete(M, V, "dave")) == (Done.SAME, stone)
        assert isinstance(await shelf.find(M, V), Deleted) and (await shelf.versions(M)).deleted == {V}
        with pytest.raises(Refused, match="same bytes only"):
            await publish(shelf, B)
        assert await publish(shelf, A, by="erin", at=1.9e9) is Done.RESTORED
        found = await shelf.find(M, V)
        assert isinstance(found, Published) and info is not None and (found.life, found.info) == (times, info.body)
        assert await served(shelf) == A and (await shelf.versions(M)).served == {V}


async def test_a_publication_that_has_died_is_carried_on_or_freed(shelf: HostedShelf) -> None:
    from modproxy.hosted.claim import write_claim

    await shelf.depot.create(claim_key(M, V, 0), write_claim(claim(A)))
    assert await shelf.find(M, V) is None
    with pytest.raises(Refused, match=r"held by a publication(.|\n)*DELETE frees"):
        await publish(shelf, B)
    assert (await shelf.delete(M, V, "carol"))[0] is Done.DELETED
    assert await publish(shelf, B) is Done.CREATED and await served(shelf) == B
    # What the dead publisher would write now harms nobody.
    await shelf.depot.put(file_key(Target(M, V, Kind.INFO), 0), claim(A).info.encode(), claim(A).record(Kind.INFO))
    assert await served(shelf) == B
    with pytest.raises(Refused):
        await publish(shelf, A)


async def test_a_deletion_that_has_died_is_carried_on(shelf: HostedShelf) -> None:
    from modproxy.hosted.claim import Tombstone, write_tombstone

    await publish(shelf, A)
    await shelf.depot.create(tombstone_key(M, V, 1), write_tombstone(Tombstone("carol", 1.8e9)))
    assert isinstance(await shelf.find(M, V), Deleted)
    with pytest.raises(Refused, match="same bytes only"):
        await publish(shelf, B)
    assert await shelf.depot.head(file_key(Target(M, V, Kind.ZIP), 0)) is None  # the publication has carried it on
    assert await publish(shelf, A) is Done.RESTORED


async def test_what_nobody_of_us_has_written_is_a_failure(shelf: HostedShelf) -> None:
    await publish(shelf, A)
    await shelf.delete(M, V, "carol")
    await shelf.depot.put(verdict_key(M, V, 1), b"{}", None)
    with pytest.raises(BucketError, match="no replica has written"):
        await publish(shelf, A)


@pytest.mark.parametrize("seed", range(6))
async def test_many_at_once_that_die_at_any_moment(seed: int, shelf: HostedShelf) -> None:
    chance = random.Random(seed)
    seen: set[bytes] = set()
    ended = False

    async def act() -> None:
        for _ in range(12):
            body = chance.choice((A, A, B))
            step = shelf.delete(M, V, "carol") if chance.random() < 0.4 else publish(shelf, body)
            task = asyncio.ensure_future(step)
            if chance.random() < 0.5:
                _, late = await asyncio.wait([task], timeout=chance.uniform(0, 0.01))
                for one in late:
                    one.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and task.exception() is not None:
                assert isinstance(task.exception(), Refused), task.exception()

    async def watch() -> None:
        while not ended:
            if (body := await served(shelf)) is not None:
                seen.add(body)

    watching = [asyncio.create_task(watch()) for _ in range(2)]
    await asyncio.gather(*(act() for _ in range(4)))
    ended = True
    await asyncio.gather(*watching)
    assert len(seen) <= 1
    for body in seen or {A, B}:
        try:
            await publish(shelf, body)
        except Refused as e:
            assert not seen and e.status == 409  # it is held by an unfinished publication of the other bytes
        else:
            assert await served(shelf) == body
            break


async def test_a_claim_that_could_not_be_read_back_is_not_made(shelf: HostedShelf) -> None:
    large = replace(claim(A), info='{"Version":"v1.0.0","Origin":{"URL":"' + "x" * (16 << 10) + '"}}')
    with pytest.raises(Refused, match="too large"):
        await shelf.publish(M, V, large, lambda: io.BytesIO(A), MOD)
    assert await publish(shelf, B) is Done.CREATED and (await shelf.delete(M, V, "carol"))[0] is Done.DELETED
