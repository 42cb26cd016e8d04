"""A cache over a store in memory."""

from collections.abc import AsyncIterator, Iterator

import pytest

from modproxy.cache.lookup import Cache
from modproxy.cache.zip_check import ThreadChecks
from modproxy.threads import Pool
from tests.modproxy.store.memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def checks() -> Iterator[ThreadChecks]:
    pool = Pool("hash", 1)
    yield ThreadChecks(pool)
    pool.close()


@pytest.fixture
async def cache(store: MemoryStore, checks: ThreadChecks) -> AsyncIterator[Cache]:
    made = Cache(store, checks)
    yield made
    await made.close()
