"""A fake upstream for fleets of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.modproxy.fake_upstream import FakeUpstream


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """Serves example.com/m and example.com/n, version v1.0.0."""
    async with FakeUpstream() as server:
        server.add("example.com/m", "v1.0.0")
        server.add("example.com/n", "v1.0.0")
        yield server
