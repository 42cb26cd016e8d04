"""The workers: each takes a key from the queue, reconciles it, and hands it back."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from goproxy_operator.heartbeat import HEARTBEATS
from goproxy_operator.isolation import supervised
from goproxy_operator.kube.errors import ApiError
from goproxy_operator.kube.resources import Key, log_fields
from goproxy_operator.metrics import FAULTS, RECONCILE_SECONDS, RECONCILES
from goproxy_operator.reconcile.outcome import RETRIED, PassOutcome
from goproxy_operator.reconcile.work.queue import Queue
from modproxy.contract.report_fields import plain_text

_log = logging.getLogger(__name__)
WORKERS = 8
"""More workers lengthen the tail, because the API server is the bottleneck."""
_LONGEST_OUTAGE = 30.0
"""Seconds: what failed because of the API server is tried again within this time, however long the outage was."""


async def run_workers(
    queue: Queue[Key], reconcile: Callable[[Key], Awaitable[PassOutcome]], certain: Callable[[], Awaitable[None]]
) -> None:
    """Work until cancelled; stand still while it is not `certain` that the work is ours."""
    async with asyncio.TaskGroup() as tasks:
        for number in range(WORKERS):
            tasks.create_task(supervised(f"worker {number}", partial(_work, queue, reconcile, certain)))


async def _work(
    queue: Queue[Key], reconcile: Callable[[Key], Awaitable[PassOutcome]], certain: Callable[[], Awaitable[None]]
) -> None:
    while True:
        await certain()
        key = await queue.get()
        failed, least, most = True, 0.0, queue.LONGEST_RETRY
        try:
            with RECONCILE_SECONDS.time(), HEARTBEATS.during("reconcile of {}/{}".format(*key)):
                outcome = await reconcile(key)
            failed = outcome.stuck
            if outcome.again is not None:
                queue.add(key, outcome.again)
            RECONCILES.labels("stuck" if outcome.stuck else "ok").inc()
        except RETRIED as e:
            RECONCILES.labels("failed").inc()
            if not isinstance(e, ApiError) or e.is_temporary:
                most = _LONGEST_OUTAGE
            if isinstance(e, ApiError):
                least = e.retry_after
            _log.warning("%s/%s: %s", *key, plain_text(str(e) or type(e).__name__), extra=log_fields(key))
        except Exception:
            # A fault of ours with one object must not end the work on the others.
            FAULTS.inc()
            RECONCILES.labels("failed").inc()
            _log.exception("%s/%s: a fault of the operator", *key, extra=log_fields(key))
        finally:
            queue.done(key, failed=failed, least=least, most=most)
