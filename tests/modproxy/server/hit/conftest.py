"""A replica with two listeners, in front of a fake upstream."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.server.hit.two_ways import TwoWays


@pytest.fixture
async def two_ways(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[TwoWays]:
    """Run both ways with defaults, but that lists stay fresh for an hour."""
    async with TwoWays(tmp_path, upstream, {"cache": {"listTTL": "1h"}}) as site:
        yield site
