"""A company for each test of this folder that wants one."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.modproxy.source.vcs.company import Company, company
from tests.secrecy.programs import programs
from tests.secrecy.watch import WATCH


@pytest.fixture(autouse=True)
def noting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Note how go, git and ssh are started."""
    monkeypatch.setenv("PATH", f"{programs().path}:{os.environ['PATH']}")
    yield
    programs().tell(WATCH)


@pytest.fixture
async def corp(tmp_path: Path) -> AsyncIterator[Company]:
    """Has a git host and nothing in it."""
    async with company(tmp_path) as made:
        yield made
