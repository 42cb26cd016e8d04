"""A replica with two listeners, in front of a fake upstream, on the event loop that the program has."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import TwoWays


@pytest.fixture(scope="session")
def event_loop_policy() -> asyncio.AbstractEventLoopPolicy:
    """Sockets, their closing and their buffers differ from those of the standard library's loop."""
    policy: asyncio.AbstractEventLoopPolicy = uvloop.EventLoopPolicy()
    return policy


@pytest.fixture
async def two_ways(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[TwoWays]:
    """Run both ways with defaults, but that lists stay fresh for an hour."""
    async with TwoWays(tmp_path, upstream, {"cache": {"listTTL": "1h"}}) as site:
        yield site
