"""What is taken from an object store, and what is asked of the other source in its place."""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modproxy.bucket.bucket import Bucket
from modproxy.bucket.client import BucketSettings
from modproxy.bucket.record import ObjectRecord
from modproxy.contract.config import CacheConfig, ObjectStoreConfig
from modproxy.mod.archive import LARGEST_ZIP
from modproxy.mod.vouching import database_of
from modproxy.request import AnyTarget
from modproxy.room import Room
from modproxy.source.object_store import DatabaseShelf, ObjectStoreSource
from modproxy.source.protocol import Fetched, Mismatch, NotFound, Tier, Unavailable
from tests.modproxy.bucket import fake_s3
from tests.modproxy.bucket.fake_s3 import BUCKET, FakeS3, answers, cuts
from tests.modproxy.bucket.site import s3_secret
from tests.modproxy.making import request, target
from tests.modproxy.module_files import go_mod
from tests.modproxy.source.fake_source import FakeSource

M = "example.com/m/@v"
ZIP, MOD, LIST = f"{M}/v1.0.0.zip", f"{M}/v1.0.0.mod", f"{M}/list"
LARGE = os.urandom(3 << 20)
BODY = go_mod("example.com/m")


@dataclass
class Terms:
    database: str | None = None
    times: CacheConfig = field(default_factory=CacheConfig)

    def admits(self, _: AnyTarget, voucher: str) -> bool:
        return self.database is None or database_of(voucher) == self.database


class Place:
    """A bucket, a source beside it, and the source in front of both."""

    def __init__(self, s3: FakeS3, bucket: Bucket, *, memory: int = 64 << 20) -> None:
        self.s3, self.bucket, self.terms, self.inner = s3, bucket, Terms(), FakeSource()
        self.source = ObjectStoreSource(self.inner, bucket, self.terms, Room(lambda: memory))

    async def keep(self, key: str, body: bytes, *, ago: float = 0.0, voucher: str = "", **wrong: Any) -> None:
        values: dict[str, Any] = {
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "fetched": time.time() - ago,
        } | wrong
        record = ObjectRecord(voucher=voucher, **values)
        await self.bucket.put(key, body, record, create=False)

    async def get(self, key: str) -> tuple[bytes, Fetched]:
        async with self.source.fetch(request(key)) as fetched:
            return b"".join([piece async for piece in fetched.body]), fetched


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with FakeS3() as s3:
        s3_secret(tmp_path)
        bucket = Bucket()
        config = ObjectStoreConfig(url=f"s3://{BUCKET}", endpoint=s3.url)
        await bucket.take(BucketSettings(config, tmp_path / "bucket"))
        yield Place(s3, bucket)


@pytest.mark.parametrize(("key", "body"), [(MOD, BODY), (ZIP, b"small"), (ZIP, LARGE)])
async def test_what_the_bucket_has_is_taken(place: Place, key: str, body: bytes) -> None:
    await place.keep(key, body, voucher="vcs")
    found, fetched = await place.get(key)
    assert found == body
    assert (fetched.tier, fetched.voucher, fetched.size) == (Tier.OBJECT_STORE, "vcs", len(body))
    assert place.inner.requests == []


async def test_what_it_does_not_have_comes_from_the_other_source(place: Place) -> None:
    place.inner.answers[MOD] = BODY
    assert (await place.get(MOD))[1].tier is Tier.UPSTREAM
    with pytest.raises(NotFound):
        await place.get(ZIP)


@pytest.mark.parametrize("after", [0, 300_000, 2 << 20])
async def test_a_stream_that_breaks_off_goes_on_with_the_same_zip_of_the_other_source(place: Place, after: int) -> None:
    await place.keep(ZIP, LARGE)
    fake_s3.KEPT.update(place.s3.objects[ZIP][1])
    place.s3.faults.append(cuts(LARGE, after, part=ZIP))
    place.inner.answers[ZIP] = LARGE
    found, _ = await place.get(ZIP)
    assert found == LARGE
    assert place.inner.keys == [ZIP]


async def test_a_stream_does_not_go_on_with_another_zip(place: Place) -> None:
    await place.keep(ZIP, LARGE)
    fake_s3.KEPT.update(place.s3.objects[ZIP][1])
    place.s3.faults.append(cuts(LARGE, 2 << 20, part=ZIP))
    place.inner.answers[ZIP] = LARGE[::-1]
    with pytest.raises(Unavailable, match="another zip"):
        await place.get(ZIP)
    assert (await place.get(ZIP))[0] == LARGE[::-1], "and then the bucket is passed by"


@pytest.mark.parametrize("at", [-1, 0])
async def test_a_large_zip_that_was_changed_is_never_given_whole(place: Place, at: int) -> None:
    await place.keep(ZIP, LARGE)
    changed = bytearray(LARGE)
    changed[at] ^= 1
    place.s3.objects[ZIP] = bytes(changed), place.s3.objects[ZIP][1]
    place.inner.answers[ZIP] = LARGE
    try:
        found = (await place.get(ZIP))[0]
    except Unavailable:
        assert at == 0, "its beginning was given already"
        found = (await place.get(ZIP))[0]
    assert found == LARGE
    assert place.bucket.is_spoiled(ZIP)


@pytest.mark.parametrize(
    "wrong", [{"size": 5}, {"sha256": "00"}, {"fetched": -1.0}, {"size": LARGEST_ZIP + 1}], ids=str
)
async def test_what_is_not_as_it_was_written_is_passed_by(place: Place, wrong: dict[str, Any]) -> None:
    await place.keep(MOD, BODY, **wrong)
    place.inner.answers[MOD] = BODY
    assert (await place.get(MOD))[1].tier is Tier.UPSTREAM
    assert place.bucket.is_spoiled(MOD), "the next one replaces it"


@pytest.mark.parametrize("body", [b"no go.mod", b""])
async def test_what_does_not_fit_its_name_is_passed_by(place: Place, body: bytes) -> None:
    await place.keep(MOD, body)
    place.inner.answers[MOD] = BODY
    assert (await place.get(MOD))[0] == BODY


async def test_a_file_under_the_name_of_another_is_passed_by(place: Place) -> None:
    await place.keep(MOD, BODY)
    place.s3.objects[f"{M}/v1.1.0.mod"] = place.s3.objects[MOD]
    place.inner.answers[f"{M}/v1.1.0.mod"] = BODY
    assert (await place.get(f"{M}/v1.1.0.mod"))[1].tier is Tier.UPSTREAM


async def test_the_voucher_decides(place: Place) -> None:
    await place.keep(MOD, BODY, voucher="upstream")
    place.inner.answers[MOD] = BODY
    place.terms.database = "sum.example.com+0"
    assert (await place.get(MOD))[1].tier is Tier.UPSTREAM
    await place.keep(MOD, BODY, voucher="upstream sum.example.com+0")
    assert (await place.get(MOD))[1].tier is Tier.OBJECT_STORE


async def test_the_hash_of_a_zip_is_compared(place: Place) -> None:
    await place.keep(ZIP, b"small", dirhash="h1:written")
    place.inner.answers[ZIP] = b"good"
    with pytest.raises(Mismatch, match="SECURITY"):
        async with place.source.fetch(request(ZIP)) as fetched:
            assert fetched.check_dirhash is not None
            await fetched.check_dirhash("h1:written")
            await fetched.check_dirhash("h1:other")
    assert (await place.get(ZIP))[0] == b"good", "the next request gets another one"


@pytest.mark.parametrize(("ago", "fails", "tier"), [
    (10, False, Tier.OBJECT_STORE),
    (100, False, Tier.UPSTREAM),
    (100, True, Tier.OBJECT_STORE),
    (90_000, True, None),
])  # fmt: skip
async def test_a_list_is_taken_while_it_is_fresh_and_in_an_outage(
    place: Place, ago: float, fails: bool, tier: Tier | None
) -> None:
    await place.keep(LIST, b"v1.0.0\n", ago=ago)
    place.inner.answers[LIST] = Unavailable("away") if fails else b"v1.0.0\nv1.1.0\n"
    if tier is None:
        with pytest.raises(Unavailable, match="away"):
            await place.get(LIST)
        return
    _, fetched = await place.get(LIST)
    assert fetched.tier is tier
    assert tier is Tier.UPSTREAM or ago <= fetched.age < ago + 60


async def test_an_absence_counts_more_than_what_the_bucket_had(place: Place) -> None:
    await place.keep(LIST, b"v1.0.0\n", ago=100)
    with pytest.raises(NotFound):
        await place.get(LIST)


async def test_a_store_that_refuses_is_not_asked_again_at_once(place: Place) -> None:
    place.s3.faults.append(answers(403, "AccessDenied"))
    place.inner.answers[MOD] = BODY
    for _ in range(20):
        assert (await place.get(MOD))[0] == BODY
    assert place.s3.count("GET", MOD) == 1
    assert place.bucket.requests["get", "skipped"] == 19


async def test_what_has_no_room_in_memory_streams_or_is_passed_by(place: Place) -> None:
    small = Place(place.s3, place.bucket, memory=0)
    await small.keep(ZIP, b"small zip")
    assert (await small.get(ZIP))[0] == b"small zip"


async def test_an_answer_of_a_database_is_given_once(place: Place) -> None:
    key = "sumdb/sum.example.com/lookup/example.com/m@v1.0.0"
    await place.keep(key, b"record")
    shelf, wanted = DatabaseShelf(place.bucket), target(key)
    assert await shelf.read(wanted) == b"record"
    assert await shelf.read(wanted) is None, "whoever asks again could not use it"
    assert await shelf.read(wanted, in_outage=True) == b"record"
