"""A fake upstream and the real program in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.modproxy.fake_upstream import FakeUpstream
from tests.modproxy.proxy_process import ProxyProcess


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    """Serve one module, example.com/Mixed, with two versions."""
    async with FakeUpstream() as server:
        server.add("example.com/Mixed", "v1.0.0", "v1.1.0")
        yield server


@pytest.fixture
async def proxy(upstream: FakeUpstream, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    """Run the program with that upstream, short timeouts, and defaults."""
    config = {"upstream": {"goproxy": upstream.url, "timeout": "2s"}}
    async with ProxyProcess(tmp_path, config) as process:
        yield process
