"""A cache over a store in memory."""

from collections.abc import AsyncIterator

import pytest

from modproxy.cache.lookup import Cache
from modproxy.threads import Pool
from tests.modproxy.store.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def cache(store: MemoryStore) -> AsyncIterator[Cache]:
    hashing = Pool("hash", 1)
    made = Cache(store, hashing)
    yield made
    await made.close()
    hashing.close()
