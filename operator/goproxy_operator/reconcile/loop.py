"""The workers: each takes a key, reconciles it, and hands it back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import aiohttp

from goproxy_operator.cluster.client import ApiError, UnreachableError
from goproxy_operator.cluster.named_config_maps import NotReadableError
from goproxy_operator.cluster.resources import Key
from goproxy_operator.heartbeat import HEARTBEATS
from goproxy_operator.metrics import RECONCILE_SECONDS, RECONCILES
from goproxy_operator.reconcile.outcome import Outcome
from goproxy_operator.reconcile.queue import Queue

_log = logging.getLogger(__name__)
WORKERS = 8
"""More lengthen the tail: the API server is the bottleneck, not we."""
_EXPECTED = (ApiError, UnreachableError, NotReadableError, aiohttp.ClientError, OSError, TimeoutError)


async def run_workers(queue: Queue[Key], reconcile: Callable[[Key], Awaitable[Outcome]]) -> None:
    """Work until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(WORKERS):
            tasks.create_task(_work(queue, reconcile))


async def _work(queue: Queue[Key], reconcile: Callable[[Key], Awaitable[Outcome]]) -> None:
    while True:
        key = await queue.get()
        failed = True
        try:
            with RECONCILE_SECONDS.time(), HEARTBEATS.during("reconcile of {}/{}".format(*key)):
                outcome = await reconcile(key)
            failed = outcome.stuck
            if outcome.again is not None:
                queue.add(key, outcome.again)
            RECONCILES.labels("stuck" if outcome.stuck else "ok").inc()
        except _EXPECTED as e:
            RECONCILES.labels("failed").inc()
            _log.warning("%s/%s: %s", *key, e or type(e).__name__)
        except Exception:
            # A fault of ours with one object must not end the others.
            RECONCILES.labels("failed").inc()
            _log.exception("%s/%s: a fault of the operator", *key)
        finally:
            queue.done(key, failed=failed)
