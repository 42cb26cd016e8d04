"""The memo of hits: what the handler has just answered from the store, by request line, until it may be otherwise.

Everything here runs on the event loop, and nothing waits.
"""

import asyncio
import time
from http import HTTPStatus
from typing import BinaryIO

from modproxy.audit.auditor import Auditor
from modproxy.cache.answer import Answer, CacheStatus
from modproxy.cache.freshness import fresh_until
from modproxy.cache.news import News
from modproxy.identity.presented import Everybody
from modproxy.in_force import InForce, Rules
from modproxy.policy.permissions import Permissions
from modproxy.request import AnyTarget
from modproxy.server.decide.refusals import module_of
from modproxy.server.hit.caller import Asker
from modproxy.server.hit.files import most_files, shared
from modproxy.server.hit.header_block import HeaderBlocks
from modproxy.server.hit.hit import Hit
from modproxy.server.hit.repeated import Repeated
from modproxy.server.hit.request_line import request_line
from modproxy.server.hit.shelf import Shelf
from modproxy.server.hit.wire import template_of
from modproxy.server.traffic import Traffic
from modproxy.store.protocol import Store, StoredFile

_MOST_BYTES = 12 << 20
"""Of all hits, with their bodies: room for about 10,000 small files, of which a project has some hundred."""
_MOST_SPELLINGS = 4
"""How many request lines lead to one hit: the go command writes `!` of an escaped path as `%21`, people write `!`."""
_SETTLED_AFTER = 1.1
"""Seconds after which `Traffic` takes up quick hits: longer than the bytes of an answer are good for."""
_CLOSED_AFTER = 10.0
"""Seconds after which a file that nobody asked for is closed, so that a replica at rest has none open."""


class HitMemo:
    """Answers what the handler would answer, from memory. It listens to the store.

    `find` is called for each request, and `learn` by the handler for each answer.
    """

    def __init__(self, store: Store, news: News, in_force: InForce, traffic: Traffic, auditor: Auditor) -> None:
        self._store = store
        self._news = news
        self._in_force = in_force
        self._traffic = traffic
        self.auditor = auditor
        """Takes an entry of each hit, while it is on."""
        self._rules: Rules | None = None
        """The rules under which all hits were decided."""
        self._blocks = HeaderBlocks((), Everybody(), Permissions(None))
        """Who asks, by header block, under these rules."""
        self._lines: dict[bytes, Hit] = {}
        self._small: Shelf[Hit] = Shelf(most_cost=_MOST_BYTES)
        self._files: Shelf[Hit] = Shelf(most=most_files())
        self._asked_for = Repeated()
        self._closed = False
        self._settling = False
        self._closing = False
        self.now = 0.0
        """When the last hit was found, in seconds since the epoch."""
        self.asker: Asker | None = None
        """Who asked for it."""
        traffic.modules.fold = self._count_modules
        store.subscribe(self)

    def find(self, data: bytes) -> Hit | None:
        """Return the hit that answers these bytes, if they are exactly one simple whole GET for what is held."""
        if self._in_force.rules is not self._rules:
            self._begin_anew()
            return None
        line, _, block = data.partition(b"\r\n")
        hit = self._lines.get(line)
        blocks = self._blocks
        if hit is None:
            return None
        self.now = now = time.time()
        asker = blocks.known.get(block) or blocks.asker_of(block)
        if asker is None:
            return None
        if now >= asker.until:
            blocks.known.pop(block, None)
            return None
        if hit.module not in asker.caller.readable and not asker.caller.may_read(hit.module):
            return None
        self.asker = asker
        return hit if hit.since <= now < hit.until or self._renew(hit, now) else None

    def _renew(self, hit: Hit, now: float) -> bool:
        """Make a hit good for this second. Returns False when the handler has to decide."""
        if not hit.is_fresh(now):
            self._drop(hit)
            return False
        if hit.is_due(now):
            return False
        self._count_module(hit)
        hit.renew(now)
        self._store.note_use(hit.key)
        if not self._settling:
            self._settling = True
            asyncio.get_running_loop().call_later(_SETTLED_AFTER, self._settle)
        return True

    def _settle(self) -> None:
        self._settling = False
        self._traffic.settle()

    def count(self, hit: Hit, code: int, seconds: float) -> None:
        """Count an answer that was not quick, or that broke off."""
        self._traffic.count(hit.quick.endpoint, code, CacheStatus.HIT, seconds)
        if code == HTTPStatus.OK and hit.module is not None:
            self._traffic.modules.add(hit.module, hit.size, time.time())

    def _count_module(self, hit: Hit) -> None:
        """Count for its module what a hit has answered since this was done last: a second of its use, or less."""
        if hit.answered and hit.module is not None:
            self._traffic.modules.add(hit.module, hit.answered * hit.size, hit.since, hit.answered)
        hit.answered = 0

    def _count_modules(self) -> None:
        for shelf in (self._small, self._files):
            for hit in shelf.things():
                self._count_module(hit)

    def learn(
        self,
        raw_path: str,
        target: AnyTarget,
        answer: Answer | None,
        file: BinaryIO | None,
        *,
        rules: Rules,
        moment: int,
    ) -> None:
        """Take up how a GET is about to be answered. `answer` is None for an error, and `file` is that of the answer.

        `rules`, and the `moment` of the store's news, are those with which the request began: an answer that was
        decided before its file changed is not learnt.
        """
        if self._closed or rules is not self._in_force.rules or self._news.may_have_changed(target.key, moment):
            return
        if rules is not self._rules:
            self._begin_anew()
        hit = self._small.get(target.key) or self._files.get(target.key)
        stored = answer.stored if answer is not None and answer.status is CacheStatus.HIT else None
        if hit is not None and (stored is None or not hit.confirm(stored, time.time())):
            self._drop(hit)
            hit = None
        line = request_line(raw_path)
        if answer is None or stored is None or line is None or line in self._lines:
            return
        # Where there is little room, files that nobody asks for again would push out others.
        if not self._asked_for.again(line) and not self.has_room(stored):
            return
        hit = hit or self._made(target, answer, stored, file)
        if hit is not None and len(hit.lines) < _MOST_SPELLINGS:
            hit.lines.append(line)
            self._lines[line] = hit

    def has_room(self, stored: StoredFile) -> bool:
        """Say whether a file can be held that is asked for once so far."""
        return not (self._small if stored.body is not None else self._files).nearly_full

    def _made(self, target: AnyTarget, answer: Answer, stored: StoredFile, file: BinaryIO | None) -> Hit | None:
        opened = shared(file, stored.size) if stored.body is None else None
        if (stored.body is None and opened is None) or self._rules is None:
            return None
        quick = self._traffic.quick_hits(target.kind.value)
        until = fresh_until(target, stored.modified, self._rules.cache)
        version = str(target.version or "")
        template = template_of(target, answer)
        hit = Hit(stored, module_of(target), version, template, quick, fresh_until=until, file=opened, now=time.time())
        shelf = self._small if opened is None else self._files
        for dropped in shelf.put(hit.key, hit, hit.cost):
            self._forget(dropped)
        if opened is not None and not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_later(_CLOSED_AFTER, self._close_unused)
        return shelf.get(hit.key)

    def _close_unused(self) -> None:
        for hit in self._files.unused():
            self._drop(hit)
        self._closing = len(self._files) > 0
        if self._closing:
            asyncio.get_running_loop().call_later(_CLOSED_AFTER, self._close_unused)

    def published(self, key: str, *, copy: bool = False) -> None:
        """Drop the hit of a file in whose place is another one."""
        self.removed(key)

    def removed(self, key: str) -> None:
        """Drop the hit of a file that is no more."""
        for shelf in (self._small, self._files):
            hit = shelf.pop(key)
            if hit is not None:
                self._forget(hit)

    def drop(self, key: str) -> None:
        """Drop the hit of a file that may not be had any more."""
        self.removed(key)

    def _drop(self, hit: Hit) -> None:
        (self._small if hit.file is None else self._files).pop(hit.key)
        self._forget(hit)

    def _forget(self, hit: Hit) -> None:
        self._count_module(hit)
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
        if self._forget_callers not in self._rules.identities.on_change:
            self._rules.identities.on_change.append(self._forget_callers)
        self._forget_callers()

    def _forget_callers(self) -> None:
        """Have everybody prove anew who asks: what was proved may hold no longer."""
        rules = self._rules
        if rules is not None:
            self._blocks = HeaderBlocks(rules.hosts, rules.identities, rules.permissions)

    def close(self) -> None:
        """Drop everything, and hold nothing from now on."""
        self._closed = True
        self._begin_anew()
