"""What the tests with a real Prometheus have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.modproxy.fake_upstream import FakeUpstream


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream() as server:
        yield server
