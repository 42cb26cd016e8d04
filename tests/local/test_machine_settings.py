"""On somebody's own machine its settings for ways out count: the HTTP proxy that its user has set."""

from __future__ import annotations

from pathlib import Path

from tests.local.local_fleet import LocalFleet, document
from tests.modproxy.fake_upstream import FakeUpstream


async def test_the_user_s_http_proxy(tmp_path: Path) -> None:
    async with FakeUpstream() as proxy:
        proxy.add("example.com/m", "v1.0.0")
        env = {"HTTP_PROXY": proxy.url.replace("://", "://me:secret@"), "NO_PROXY": "", "no_proxy": ""}
        async with LocalFleet(tmp_path, document("http://modules.example.com"), env=env) as fleet:
            await fleet.line("started")
            assert await fleet.answers("example.com/m/@v/list", 200) == "v1.0.0\n"
            assert not any("secret" in line for line in fleet.lines)
        assert proxy.headers[-1]["Host"] == "modules.example.com"
        assert proxy.headers[-1]["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
