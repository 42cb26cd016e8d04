"""A company for each test of this folder that wants one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.modproxy.source.vcs.company import Company, company


@pytest.fixture
async def corp(tmp_path: Path) -> AsyncIterator[Company]:
    """Has a git host and nothing in it."""
    async with company(tmp_path) as made:
        yield made
