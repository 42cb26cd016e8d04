"""This project's proxy as it is shipped: with an allowlist, and verified by the checksum database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine.cores import CORES, bound
from bench.servers.server import Server, Upstream
from tests.modproxy.proxy_process import ProxyProcess

NAME = "modproxy"


@dataclass(frozen=True, slots=True)
class Ours:
    """Starts the proxy. `allow` are the patterns of its allowlist."""

    allow: tuple[str, ...] = ("example.com",)
    list_ttl: str = "60s"
    timeout: str = "30s"
    name: str = NAME

    def config(self, upstream: Upstream) -> dict[str, object]:
        """Make the config document: defaults but for what is named."""
        return {
            "upstream": {"goproxy": upstream.url, "gosumdb": upstream.database, "timeout": self.timeout},
            "modules": {"allow": list(self.allow)},
            "cache": {"listTTL": self.list_ttl},
        }

    @asynccontextmanager
    async def serve(self, folder: Path, upstream: Upstream, core: int | None = CORES.server) -> AsyncIterator[Server]:
        """Run it until the context is left."""
        async with self.process(folder, upstream, core) as proxy:
            yield server(proxy)

    @asynccontextmanager
    async def process(
        self, folder: Path, upstream: Upstream, core: int | None = CORES.server
    ) -> AsyncIterator[ProxyProcess]:
        """Run it until the context is left, for measurements that restart it or ask for its report."""
        proxy = ProxyProcess(folder, self.config(upstream))
        with bound(core):
            await proxy.__aenter__()
        try:
            yield proxy
        finally:
            await proxy.__aexit__(None, None, None)


def server(proxy: ProxyProcess) -> Server:
    """Name a running proxy as a server."""
    assert proxy.process is not None
    return Server(NAME, proxy.url, proxy.process.pid, proxy.cache)
