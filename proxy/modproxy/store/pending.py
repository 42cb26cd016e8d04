"""Files that the store has and the folder does not have yet: clients get their answers first, and the disk is written
behind the answers.

A file is pending from the moment of its `put` or `publish`. One thread publishes all pending files together: it writes
them, brings them to stable storage at once, and gives them their names. A process that is killed before loses them, and
a wrong file never gets a name.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modproxy.room import Reservation
from modproxy.store.protocol import StoredFile
from modproxy.threads import Pool

_MOST_FILES = 4096
_MOST_BYTES = 16 << 20
"""The bodies of pending files are in memory, and a disk may be slower than the upstreams."""
_MOST_AT_ONCE = 256
"""How many files are published together: the first one of them waits for the last one."""

log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Pending:
    """A file that waits for its publication, with the bytes that are reserved for it."""

    file: StoredFile
    draft: Path
    """Where the file is written, in the folder of the drafts."""
    held: Reservation
    body: bytes | None = None
    """What has to be written into the draft; None when the draft is complete."""
    begun: float = field(default_factory=time.monotonic)
    """When it came, on the clock of `time.monotonic`."""
    placed: bool = False
    """Whether it has its name in the folder. It is set in the thread, inside the ledger; that it is pending no more is
    noted later, on the event loop.
    """
    dropped: bool = False
    """Whether the file must not be published, because it was deleted or a newer one has come."""


Outcome = tuple[Pending, OSError | None]
"""A file, and why it was not published; None for a file that was, and for one that was dropped."""


class PendingFiles:
    """Keeps pending files, and has them published. All methods belong to the event loop.

    `publish` publishes files in a thread, and `ended` is called on the event loop for each of them.
    """

    def __init__(
        self,
        publish: Callable[[Sequence[Pending]], Sequence[Outcome]],
        ended: Callable[[Pending, OSError | None], None],
    ) -> None:
        self._publish = publish
        self._ended = ended
        self._pool = Pool("publish", 1)
        self._by_key: dict[str, Pending] = {}
        self._queue: list[Pending] = []
        self._waiting: set[Pending] = set()
        """All that have not ended, also those that are dropped: each has its bytes, or a file, until its turn."""
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many files are pending."""
        return len(self._by_key)

    def has_room(self, size: int) -> bool:
        """Say whether one more file may wait, with `size` bytes in memory."""
        return len(self._waiting) < _MOST_FILES and self._bytes + size <= _MOST_BYTES

    def get(self, key: str) -> Pending | None:
        """Return the newest pending file of a key. Threads may call this too."""
        return self._by_key.get(key)

    def is_expected(self, key: str) -> bool:
        """Say whether a file of this key has still to come into the folder. Threads may call this too."""
        one = self._by_key.get(key)
        return one is not None and not one.placed

    def add(self, one: Pending) -> None:
        """Have a file published soon, in place of an older pending one of its key."""
        self.drop(one.file.key)
        self._by_key[one.file.key] = one
        self._queue.append(one)
        self._waiting.add(one)
        self._bytes += len(one.body or b"")
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="publish")

    def drop(self, key: str) -> bool:
        """Forget a pending file. Returns whether there was one."""
        one = self._by_key.pop(key, None)
        if one is not None:
            one.dropped = True
        return one is not None

    async def settle(self) -> None:
        """Wait until no file is pending."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue[:_MOST_AT_ONCE], self._queue[_MOST_AT_ONCE:]
                for one, error in await self._outcomes(batch):
                    self._end(one, error)
        finally:
            self._task = None

    def _end(self, one: Pending, error: OSError | None) -> None:
        if self._by_key.get(one.file.key) is one:
            del self._by_key[one.file.key]
        self._waiting.discard(one)
        self._bytes -= len(one.body or b"")
        one.held.release()
        try:
            self._ended(one, error)
        except Exception:
            log.exception("the end of a publication of %s could not be noted", one.file.key)

    async def _outcomes(self, batch: Sequence[Pending]) -> Sequence[Outcome]:
        try:
            return await self._pool.run(self._publish, batch)
        except Exception as e:
            log.exception("files could not be published, by a fault of this program")
            return [(one, OSError(0, f"an error of this proxy: {type(e).__name__}")) for one in batch]

    def close(self) -> None:
        """End the thread after the file and the call that it is at. Blocks."""
        for one in self._waiting:
            one.dropped = True
        self._pool.close()
