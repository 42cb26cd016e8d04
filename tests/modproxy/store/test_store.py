"""The protocol of stores, tried on the disk and on the store in memory that other tests use."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modproxy.store.disk import DiskStore
from modproxy.store.protocol import Store
from tests.modproxy.store.memory_store import MemoryStore

MOD, ZIP = "example.com/!mixed/@v/v1.0.0.mod", "example.com/!mixed/@v/v1.0.0.zip"


class Diary:
    """Notes the events of a store in their order."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def published(self, key: str, *, copy: bool) -> None:
        self.said.append(f"+{key}")

    def removed(self, key: str) -> None:
        self.said.append(f"-{key}")


@pytest.fixture(params=["disk", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    disk = DiskStore(tmp_path / "cache")
    disk.prepare()
    yield disk
    disk.close()


async def put_zip(store: Store, data: bytes, dirhash: str = "h1:x") -> None:
    draft = await store.draft(None)
    for at in range(0, len(data), 1000):
        await draft.write(data[at : at + 1000])
    assert draft.written == len(data)
    assert draft.read(5, 10) == data[5:15]
    with draft.open() as file:
        assert file.read() == data
    assert await store.publish(draft, ZIP, dirhash)
    draft.close()
    draft.close()


async def test_a_small_file(store: Store) -> None:
    assert await store.get(MOD) is None
    put = await store.put(MOD, b"module x\n")
    got = await store.get(MOD)
    assert put is not None
    assert got is not None
    assert (got.key, got.size, got.body, got.dirhash) == (MOD, 9, b"module x\n", None)
    assert put.etag == got.etag == hashlib.sha256(b"module x\n").hexdigest()[:32]
    replaced = await store.put(MOD, b"module y\n")
    assert replaced is not None
    assert replaced.etag != put.etag
    again = await store.get(MOD)
    assert again is not None
    assert (again.body, again.etag) == (b"module y\n", replaced.etag)


async def test_a_zip(store: Store) -> None:
    data = bytes(range(256)) * 20
    await put_zip(store, data)
    got = await store.get(ZIP)
    assert got is not None
    assert (got.size, got.body, got.dirhash) == (len(data), None, "h1:x")
    assert got.etag == hashlib.sha256(b"h1:x").hexdigest()[:32]
    with await store.open(got) as file:
        file.seek(100)
        assert file.read(3) == data[100:103]
    await store.delete(ZIP)
    with pytest.raises(FileNotFoundError):
        await store.open(got)


async def test_what_comes_and_goes_is_told_by_key(store: Store) -> None:
    diary = Diary()
    store.subscribe(diary)
    await store.put(MOD, b"1")
    await put_zip(store, b"2" * 100)
    await store.put(MOD, b"3")
    await store.delete(MOD)
    await store.delete(MOD)
    assert diary.said == [f"+{MOD}", f"+{ZIP}", f"+{MOD}", f"-{MOD}"]


async def test_another_store_s_draft_is_refused(tmp_path: Path) -> None:
    disk = DiskStore(tmp_path)
    disk.prepare()
    with pytest.raises(TypeError):
        await disk.publish(await MemoryStore().draft(None), ZIP, "h1:x")
    disk.close()
