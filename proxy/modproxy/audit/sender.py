"""Sends the backlog to the receiver: piece by piece, again and again until the receiver has each document."""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from modproxy.audit.backlog import AnySegment, Backlog, documents_of
from modproxy.audit.bulk import Document, pieces
from modproxy.audit.counts import ELASTICSEARCH, REJECTED, Counts
from modproxy.audit.receiver import Receiver, ReceiverError, TooLargeError
from modproxy.threads import Pool

_MOST_BYTES = 2 << 20
"""Of one request, before it is compressed. Elasticsearch's own advice is some megabytes."""
_LEAST_BYTES = 1 << 10
"""Below this a request has one record."""
_MOST_DOCUMENTS = 2000
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two tries; each failure in a row doubles them. A receiver that is back gets records half a minute
later.
"""
_REJECTED = "the receiver of the audit log rejects documents: check the mapping of its index"

log = logging.getLogger(__name__)


class Sender:
    """Empties the backlog as long as `run` runs. `receiver` returns where to; None for nowhere.

    All work with the backlog is done in `pool`, which has one thread.
    """

    def __init__(
        self,
        backlog: Backlog,
        pool: Pool,
        receiver: Callable[[], Receiver | None],
        counts: Counts,
        *,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._backlog = backlog
        self._pool = pool
        self._receiver = receiver
        self._counts = counts
        self._first_pause = first_pause
        self._most_bytes = _MOST_BYTES
        self._failures = 0
        self.wake = asyncio.Event()
        """To be set when there is something new to send, or to be sent otherwise."""
        self.failure: str | None = None
        """Why the receiver takes nothing; None while it takes records."""
        self.since: float | None = None
        """When the first failure in a row was, in seconds since the epoch."""

    async def run(self) -> None:
        """Send without end."""
        while True:
            if not await self.send_next():
                self.wake.clear()
                await self.wake.wait()

    async def empty(self) -> None:
        """Send until nothing is left, or until the receiver fails."""
        while await self.send_next(patient=False):
            pass

    async def send_next(self, *, patient: bool = True) -> bool:
        """Send one segment. Returns whether there may be more; False too after a failure, if not `patient`."""
        if self._receiver() is None:
            return False
        segment = await self._pool.run(self._backlog.take)
        if segment is None:
            return False
        left = await self._documents(segment)
        while left:
            left = await self._try(left)
            if left and not patient:
                return False
            if left:
                await self._pause()
        await self._pool.run(self._backlog.remove, segment)
        return True

    async def _documents(self, segment: AnySegment) -> list[Document]:
        try:
            return await self._pool.run(documents_of, segment)
        except OSError as e:
            log.error("a segment of the audit log's spool cannot be read, and is left out: %s", e.strerror)
            self._counts.lost(ELASTICSEARCH, 1, "a segment of the audit log's spool cannot be read")
            return []

    async def _try(self, documents: list[Document]) -> list[Document]:
        """Send documents, and return those to send again."""
        receiver = self._receiver()
        if receiver is None:
            return documents
        again: list[Document] = []
        waiting = pieces(documents, self._most_bytes, _MOST_DOCUMENTS)
        while waiting:
            piece = waiting.pop(0)
            try:
                outcome = await receiver.send(piece)
            except TooLargeError as e:
                if len(piece) > 1:
                    half = (len(piece) + 1) // 2
                    waiting[:0] = [piece[:half], piece[half:]]
                    continue
                log.warning("an audit record is dropped: %s %s", receiver.url, e)
                self._counts.lost(ELASTICSEARCH, 1, _REJECTED, outcome=REJECTED)
                continue
            except ReceiverError as e:
                self._failed(receiver, str(e))
                # A receiver that is too slow for a large request may be fast enough for a small one.
                self._most_bytes = max(self._most_bytes // 2, _LEAST_BYTES)
                return [*again, *piece, *(one for rest in waiting for one in rest)]
            self._counts.written(ELASTICSEARCH, outcome.stored)
            if outcome.rejected:
                log.warning("%s rejects audit records: %s", receiver.url, outcome.reason)
                self._counts.lost(ELASTICSEARCH, outcome.rejected, _REJECTED, outcome=REJECTED)
            again += outcome.again
            if outcome.again and not outcome.stored:
                self._failed(receiver, f"takes no records: {outcome.reason}")
            else:
                self._answered(receiver)
        return again

    def _answered(self, receiver: Receiver) -> None:
        if self.failure is not None:
            log.info("%s takes audit records again", receiver.url)
        self.failure, self.since, self._failures = None, None, 0
        self._most_bytes = min(self._most_bytes * 2, _MOST_BYTES)

    def _failed(self, receiver: Receiver, why: str) -> None:
        if why != self.failure:
            log.warning("%s %s; audit records wait on the disk", receiver.url, why)
        self.failure = why
        self.since = time.time() if self.since is None else self.since
        self._failures += 1

    async def _pause(self) -> None:
        pause = min(self._first_pause * 2 ** min(self._failures, 10), LONGEST_PAUSE)
        await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311 - it spreads the tries of many replicas
