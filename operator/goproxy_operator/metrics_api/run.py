"""Runs the metrics API, from before the election until after the Lease is given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from goproxy_operator.isolation import supervised
from goproxy_operator.kube.client import ApiClient
from goproxy_operator.kube.resources import Key
from goproxy_operator.metrics_api.server import serve_metrics_api
from goproxy_operator.metrics_api.source import RateSource
from goproxy_operator.metrics_api.trust import Trust

LINGER = 3.0
"""Seconds for which the metrics are served after the end of the work: the API server may still send requests here."""


@asynccontextmanager
async def metrics_api(client: ApiClient, address: tuple[str, int], service: Key) -> AsyncIterator[Trust]:
    """Serve while the context is open. `OSError` when the address is taken."""
    trust, source = Trust(client, service), RateSource(client)
    try:
        async with serve_metrics_api(*address, trust, source):
            keeping = asyncio.create_task(supervised("certificates of the external metrics", trust.run))
            try:
                yield trust
                await asyncio.sleep(LINGER)
            finally:
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping
    finally:
        await source.close()
