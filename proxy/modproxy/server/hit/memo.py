"""The memo of hits: what the handler has just answered from the store, by request line, until it may be otherwise.

Everything here runs on the event loop, and nothing waits.
"""

import asyncio
import math
import os
import time
from typing import BinaryIO

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.cache.freshness import fresh_until
from modproxy.in_force import InForce, Rules
from modproxy.request import Request
from modproxy.server.hit.files import CAN_SEND, OpenFile
from modproxy.server.hit.header_block import HeaderBlocks
from modproxy.server.hit.request_line import request_line
from modproxy.server.hit.shelf import Shelf
from modproxy.server.hit.wire import Template, template_of
from modproxy.server.traffic import QuickHits, Traffic
from modproxy.store.protocol import LARGEST_BODY, Store, StoredFile

_MOST_BYTES = 12 << 20
"""Of all hits, with their bodies: room for about 10,000 small files, of which a project has some hundred."""
_MOST_FILES = 512
"""How many files are open for hits. Each takes a descriptor of the process."""
_BESIDE = 700
"""Bytes that a hit takes beside its answer and its request lines, as measured."""
_MOST_SPELLINGS = 4
"""How many request lines lead to one hit: the go command writes `!` of an escaped path as `%21`, people write `!`."""
_LOOKED_AT_AGAIN = 60.0
"""Seconds after which the handler answers once more, so that a file that somebody changed by hand is noticed."""
_SETTLED_AFTER = 1.1
"""Seconds after which quick hits are taken up by `Traffic`: longer than the bytes of an answer are good for."""


class Hit:
    """What a request line is answered with, while `since <= now < until`."""

    __slots__ = (
        "_fetched", "_head_size", "_look_again", "_template", "endpoint", "file", "fresh_until", "key", "lines",
        "quick", "since", "until", "used", "wire",
    )  # fmt: skip

    def __init__(
        self, stored: StoredFile, template: Template, endpoint: str, quick: QuickHits, file: OpenFile | None
    ) -> None:
        self.key = stored.key
        self.endpoint = endpoint
        self.quick = quick
        """Where the hit is counted."""
        self.file = file
        """The file to send after `wire`; None where `wire` has the body."""
        self.wire = b"" if stored.body is None or file is not None else stored.body
        """The head, and the body of a small file."""
        self._head_size = 0
        self.since = self.until = 0.0
        """From when until when `wire` is right, in seconds since the epoch."""
        self.fresh_until = math.inf
        self.lines: list[bytes] = []
        self.used = True
        """Whether the hit was used since it was last considered for an eviction."""
        self._fetched = stored.modified
        self._template = template
        self._look_again = time.time() + _LOOKED_AT_AGAIN

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.wire) + _BESIDE

    def renew(self, now: float) -> bool:
        """Make the bytes for this second. Returns False when the handler has to decide anew."""
        if now >= self.fresh_until or not self._look_again - _LOOKED_AT_AGAIN <= now < self._look_again:
            return False
        age = int(max(0.0, now - self._fetched))
        head = self._template.head(age, int(now))
        self.wire = head + self.wire[self._head_size :]
        self._head_size = len(head)
        self.since = self._fetched + age if age else 0.0
        self.until = min(self._fetched + age + 1, now + 1, self.fresh_until)
        self.used = True
        return True


class HitMemo:
    """Answers what the handler would answer, from memory. It listens to the store.

    `find` is called for each request, and `learn` by the handler for each answer.
    """

    def __init__(self, store: Store, in_force: InForce, traffic: Traffic) -> None:
        self._store = store
        self._in_force = in_force
        self._traffic = traffic
        self._rules: Rules | None = None
        """The rules under which all hits were decided."""
        self._blocks = HeaderBlocks(())
        self._lines: dict[bytes, Hit] = {}
        self._small: Shelf[Hit] = Shelf(most_cost=_MOST_BYTES)
        self._files: Shelf[Hit] = Shelf(most=_MOST_FILES)
        self._once: dict[str, None] = {}
        self._closed = False
        self._settling = False
        self.changes = 0
        """How many events of the store there were. An answer that was decided before an event is not learnt after it,
        because the event may have been about its file.
        """
        self.now = 0.0
        """When the last hit was found, in seconds since the epoch."""
        store.subscribe(self)

    def find(self, data: bytes) -> Hit | None:
        """Return the hit that answers these bytes, if they are exactly one simple whole GET for what is held."""
        if self._in_force.rules is not self._rules:
            self._begin_anew()
            return None
        line, _, block = data.partition(b"\r\n")
        hit = self._lines.get(line)
        if hit is None or (block not in self._blocks.known and self._blocks.principal_of(block) is None):
            return None
        self.now = now = time.time()
        return hit if hit.since <= now < hit.until or self._renew(hit, now) else None

    def _renew(self, hit: Hit, now: float) -> bool:
        if not hit.renew(now):
            self._drop(hit)
            return False
        self._store.note_use(hit.key)
        if not self._settling:
            self._settling = True
            asyncio.get_running_loop().call_later(_SETTLED_AFTER, self._settle)
        return True

    def _settle(self) -> None:
        self._settling = False
        self._traffic.settle()

    def count(self, hit: Hit, code: int, seconds: float) -> None:
        """Count an answer that was not quick, or that broke off. An audit record of a hit is to be queued here, and where
        a connection counts a quick hit.
        """
        self._traffic.count(hit.endpoint, code, CacheStatus.HIT, seconds)

    def learn(
        self, raw_path: str, request: Request, answer: Answer, file: BinaryIO | None, rules: Rules, changes: int
    ) -> None:
        """Take up what is about to be answered to a GET: `rules` and `changes` are those with which the request began."""
        stored = answer.stored
        if answer.status is not CacheStatus.HIT or stored is None or self._closed or changes != self.changes:
            return
        if rules is not self._in_force.rules:
            return
        if rules is not self._rules:
            self._begin_anew()
        line = request_line(raw_path)
        if line is None or not self._again(stored.key):
            return
        hit = self._small.get(stored.key) or self._files.get(stored.key) or self._made(request, answer, stored, file)
        if hit is not None and len(hit.lines) < _MOST_SPELLINGS and line not in self._lines:
            hit.lines.append(line)
            self._lines[line] = hit

    def _again(self, key: str) -> bool:
        """Say whether the key was hit before: files that nobody asks for again would push out others."""
        if key in self._once:
            return True
        if len(self._once) >= 4096:
            del self._once[next(iter(self._once))]
        self._once[key] = None
        return False

    def _made(self, request: Request, answer: Answer, stored: StoredFile, file: BinaryIO | None) -> Hit | None:
        opened = None
        if stored.body is None or len(stored.body) > LARGEST_BODY:
            opened = _shared_file(stored, file)
            if opened is None:
                return None
        endpoint = request.target.kind.value
        template = template_of(request.target, answer)
        hit = Hit(stored, template, endpoint, self._traffic.quick_hits(endpoint), opened)
        rules = self._rules
        if rules is not None:
            hit.fresh_until = fresh_until(request.target, stored.modified, rules.cache)
        shelf = self._small if opened is None else self._files
        for dropped in shelf.put(hit.key, hit, hit.cost):
            self._forget(dropped)
        return shelf.get(hit.key)

    def published(self, key: str) -> None:
        """Drop the hit of a file in whose place is another one."""
        self.removed(key)

    def removed(self, key: str) -> None:
        """Drop the hit of a file that is no more."""
        self.changes += 1
        for shelf in (self._small, self._files):
            hit = shelf.pop(key)
            if hit is not None:
                self._forget(hit)

    def _drop(self, hit: Hit) -> None:
        (self._small if hit.file is None else self._files).pop(hit.key)
        self._forget(hit)

    def _forget(self, hit: Hit) -> None:
        for line in hit.lines:
            del self._lines[line]
        if hit.file is not None:
            hit.file.release()

    def _begin_anew(self) -> None:
        """Drop everything, and hold from now on what is decided under the rules in force."""
        for shelf in (self._small, self._files):
            for hit in shelf.clear():
                self._forget(hit)
        self._rules = self._in_force.rules
        self._blocks = HeaderBlocks(self._rules.hosts)

    def close(self) -> None:
        """Drop everything, and hold nothing from now on."""
        self._closed = True
        self._begin_anew()


def _shared_file(stored: StoredFile, file: BinaryIO | None) -> OpenFile | None:
    """Return the opened file for use after the answer; None where it cannot be sent, or is another file by now."""
    if file is None or not CAN_SEND:
        return None
    try:
        fd = os.dup(file.fileno())
    except OSError:  # it is a file in memory, or there are too many descriptors
        return None
    opened = OpenFile(fd, stored.size)
    if os.fstat(fd).st_size != stored.size or not stored.size:
        opened.release()
        return None
    return opened
