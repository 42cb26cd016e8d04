"""A cache over a store in memory."""

from collections.abc import AsyncIterator, Iterator

import pytest

from modproxy.cache.lookup import Cache
from modproxy.threads import Pool
from tests.modproxy.store.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def hashing() -> Iterator[Pool]:
    pool = Pool("hash", 1)
    yield pool
    pool.close()


@pytest.fixture
async def cache(store: MemoryStore, hashing: Pool) -> AsyncIterator[Cache]:
    made = Cache(store, hashing)
    yield made
    await made.close()
