"""The upstream of those who ask why."""

from collections.abc import AsyncIterator

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.live import why_site


@pytest.fixture
async def modules() -> AsyncIterator[FakeUpstream]:
    async with why_site.modules() as upstream:
        yield upstream
