"""The audit log of a replica: takes the entries of requests, and has them written and sent.

What a kill (SIGKILL) can lose is what is not written yet: the entries of the last `FLUSH_SECONDS`, and those that the
disk has not taken in time, together `MOST_UNWRITTEN` at most. After SIGTERM nothing is left unwritten.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from modproxy.audit.backlog import Backlog
from modproxy.audit.counts import ENTRIES, FILE, Counts
from modproxy.audit.log_file import LogFile
from modproxy.audit.receiver import Receiver
from modproxy.audit.record import Entry, LineMaker, document
from modproxy.audit.sender import Sender
from modproxy.audit.standard_output import StandardOutput
from modproxy.contract.config import AuditTarget, Config
from modproxy.contract.report import AuditState
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.machine import this_machine
from modproxy.source.way_out.outbound import Outbound
from modproxy.threads import Pool

FLUSH_SECONDS = 0.25
"""How long an entry waits for others before it is written."""
_FLUSH_ENTRIES = 1000
"""How many wait for each other."""
MOST_UNWRITTEN = 20_000
"""Entries in memory that the disk has not taken: a second of a replica at its fastest, in some megabytes."""
_OTHERS_UNWRITTEN = MOST_UNWRITTEN * 3 // 4
"""How many of these may be entries without a refusal."""
_MOST_BYTES = 1 << 30
_SHARE = 20
"""The spool, and the file with its older ones, get a twentieth of the cache each, at most a gigabyte: ten minutes at
4,000 requests a second.
"""
_CLOSE_SECONDS = 3.0
"""How long the end waits for the receiver. What it does not have then is sent by the next process, from the disk."""
_BEHIND = "the cache's disk is slower than the requests come"

log = logging.getLogger(__name__)


class Auditor:
    """Writes the audit log as the newest config says. `capacity` returns the bytes that the cache may have.

    It is made inside the event loop. `folder` is the private folder of the cache.
    """

    def __init__(self, folder: Path, capacity: Callable[[], int], connections: Connections) -> None:
        self.on = False
        """Whether entries are wanted."""
        self.counts = Counts()
        self._connections = connections
        self._folder = folder
        self._pool = Pool("audit", 1)
        self._backlog = Backlog(folder / "audit", partial(_share, capacity), self.counts)
        self._file = LogFile(folder / "audit-log", partial(_share, capacity))
        self._stdout = StandardOutput(self.counts)
        self._to: frozenset[AuditTarget] = frozenset()
        self._receiver: Receiver | None = None
        self._config: object = None
        self._maker = LineMaker("", "")
        self._entries: list[Entry] = []
        self.unwritten = 0
        """How many entries were handed to the thread that writes, which has not written them yet."""
        self._sender = Sender(self._backlog, self._pool, lambda: self._receiver, self.counts)
        self._sending: asyncio.Task[None] | None = None

    def begin(self, config: Config) -> None:
        """Take the first config, and what a former process left. Blocks."""
        for part in (self._backlog, self._file):
            try:
                part.find()
            except OSError as e:
                log.error("the audit log's folder cannot be read: %s", e.strerror)
        self.change(config)

    def change(self, config: Config) -> None:
        """Take a newer config."""
        audit = config.audit
        self._maker = LineMaker(config.fleet or "", os.uname().nodename)
        self._to = frozenset(audit.to)
        seen = (audit.elasticsearch, config.upstream, config.secrets_dir)
        if seen != self._config:
            self._config = seen
            self._receiver = self._receiver_of(config)
            self._sender.wake.set()
        self.on = audit.wanted

    def _receiver_of(self, config: Config) -> Receiver | None:
        elasticsearch, upstream, folder = config.audit.elasticsearch, config.upstream, Path(config.secrets_dir)
        if elasticsearch is None:
            return None
        machine = this_machine() if upstream.machine_settings else None
        outbound = Outbound(
            Credentials((), folder), upstream.http_proxy, upstream.trusted_ca_secret_name, folder,
            self._folder / "trusted.pem", machine=machine,
        )  # fmt: skip
        return Receiver(elasticsearch, outbound, folder, self._connections.any)

    async def send(self) -> None:
        """Send what is to be sent, without end."""
        self._sending = asyncio.current_task()
        await self._sender.run()

    def add(self, entry: Entry) -> None:
        """Take an entry. This is on the way of each hit."""
        entries = self._entries
        entries.append(entry)
        number = len(entries)
        if number == 1:
            asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        elif number >= _FLUSH_ENTRIES:
            self.flush()

    def flush(self) -> None:
        """Have the entries written that wait."""
        entries, self._entries = self._entries, []
        if not entries:
            return
        if self.unwritten + len(entries) > _OTHERS_UNWRITTEN:
            wanted = [entry for entry in entries if entry.kept][: max(MOST_UNWRITTEN - self.unwritten, 0)]
            self.counts.lost(ENTRIES, len(entries) - len(wanted), _BEHIND)
            entries = wanted
        self.unwritten += len(entries)
        job = self._pool.begin(self._write, entries, self._maker, self._to, self._receiver is not None)
        job.add_done_callback(lambda job: self._wrote(len(entries), job))

    def _wrote(self, number: int, job: "asyncio.Future[None]") -> None:
        self.unwritten -= number
        if not job.cancelled() and (fault := job.exception()) is not None:
            self.counts.lost(ENTRIES, number, "an unexpected error")
            log.error("audit records are lost by an unexpected error", exc_info=fault)
        self._sender.wake.set()

    def _write(self, entries: Sequence[Entry], maker: LineMaker, to: frozenset[AuditTarget], sent: bool) -> None:
        made = [(maker.line(entry), entry.kept) for entry in entries]
        if AuditTarget.STDOUT in to:
            self._stdout.add(made)
        if AuditTarget.FILE in to:
            self._write_file([line for line, _ in made])
        for kept in (True, False):
            documents = [document(line) for line, is_kept in made if sent and is_kept is kept]
            if documents:
                self._backlog.add(documents, kept=kept)

    def _write_file(self, lines: Sequence[str]) -> None:
        try:
            self._file.add(lines)
        except OSError as e:
            self.counts.lost(FILE, len(lines), f"the file of the audit log: {e.strerror}")
        else:
            self.counts.written(FILE, len(lines))

    @property
    def used_bytes(self) -> int:
        """The bytes on the cache's disk."""
        return self._backlog.disk_bytes + self._file.used_bytes

    @property
    def spooled_bytes(self) -> int:
        """The bytes on the disk that the receiver does not have yet."""
        return self._backlog.disk_bytes

    @property
    def failing(self) -> bool:
        """Whether there is a receiver that takes nothing now."""
        return self._receiver is not None and self._sender.failure is not None

    def report(self) -> AuditState | None:
        """Return how the audit log fares; None when there is none."""
        if not self.on:
            return None
        receiver = self._receiver
        return AuditState(
            receiver=receiver.url if receiver else "",
            failure=self._sender.failure if receiver else None,
            since=self._sender.since if receiver else None,
            losing=self.counts.losing,
            spooled_bytes=self.spooled_bytes,
            dropped=self.counts.dropped,
        )

    async def close(self) -> None:
        """Write everything, and give the receiver some seconds. What it does not take is on the disk afterwards."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending])
        self.flush()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._sender.empty()
        except TimeoutError:
            log.warning("the receiver of the audit log is slow: what it does not have is on the disk")
        read = await asyncio.to_thread(self._stdout.settle, _CLOSE_SECONDS)
        lost = await self._pool.run(self._settle)
        if lost or not read:
            log.error("audit records are lost: the disk takes none, or nobody reads standard output")
        self._pool.close()

    def _settle(self) -> int:
        lost = 0
        try:
            self._file.sync()
            lost = self._backlog.settle()
        except OSError as e:
            log.error("audit records may not have reached the disk: %s", e.strerror)
        self._file.close()
        return lost


def _share(capacity: Callable[[], int]) -> int:
    return min(_MOST_BYTES, capacity() // _SHARE)
