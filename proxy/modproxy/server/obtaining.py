"""Files that are fetched for nobody to read: an action makes a GET of each, and says what came of it.

What a client's GET is refused is refused here, by the same decisions.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from modproxy.cache.answer import Answer, CacheStatus
from modproxy.cache.flight import CutShort
from modproxy.in_force import Rules
from modproxy.mod.archive import go_mod_hash
from modproxy.mod.target import Kind, Target
from modproxy.policy.decision import RuleRefusal
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.errors import FAULT, ErrorAnswer
from modproxy.server.reply import Reply
from modproxy.store.protocol import Store

Decide = Callable[[Arrival, Rules], Awaitable[Reply]]
"""Decides on the GET of an arrival's target."""
_HELD = frozenset([CacheStatus.HIT, CacheStatus.STALE, CacheStatus.PEER, CacheStatus.OBJECT_STORE])
_TRIES = 4
"""How often a file is asked for whose fetch is refused for a moment, or breaks off."""
_LONGEST_PAUSE = 10.0
_PAUSE = 1.0
"""Seconds before a file is asked for again, where nobody says how many."""
_FOR_A_MOMENT = frozenset([HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE])

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """Says what came of one file."""

    HELD = "held"
    """The fleet had it already."""
    FETCHED = "fetched"
    REFUSED = "refused"
    """A rule of the fleet refuses it."""
    ABSENT = "absent"
    """There is no such file."""
    FAILED = "failed"
    MISMATCH = "mismatch"
    """It is not what its hash says."""

    @property
    def good(self) -> bool:
        """Whether the fleet has the file now."""
        return self in (Outcome.HELD, Outcome.FETCHED)


@dataclass(frozen=True, slots=True)
class Obtained:
    """Tells what came of one file."""

    target: Target
    outcome: Outcome
    reply: Reply
    """The reply, closed."""
    status: int = 200
    """What a client is answered."""
    size: int = 0
    reason: str = ""
    """Why the fleet does not have it; empty where it does."""
    hash: str = ""
    """The `h1:` hash of a zip or a go.mod file, where the fleet has it."""


class Obtainer:
    """Has files fetched, at most `most` at once over all that ask."""

    def __init__(self, decide: Decide, store: Store, most: int) -> None:
        self._decide = decide
        self._store = store
        self._slots = asyncio.Semaphore(most)

    async def obtain(self, arrival: Arrival, rules: Rules, came: Callable[[int], None] = lambda _: None) -> Obtained:
        """Have the target of an arrival fetched, unless it is held. `came` is told of fetched bytes as they come.

        Raises nothing but `CancelledError`.
        """
        target = arrival.target
        if not isinstance(target, Target):
            raise AssertionError("only files of modules are obtained")
        found = await self._once(arrival, target, rules, came)
        for _ in range(1, _TRIES):
            if found.outcome is not Outcome.FAILED or found.status not in _FOR_A_MOMENT:
                break
            await asyncio.sleep(_pause_of(found.reply.error))
            found = await self._once(arrival, target, rules, came)
        return found

    async def _once(self, arrival: Arrival, target: Target, rules: Rules, came: Callable[[int], None]) -> Obtained:
        async with self._slots:
            try:
                reply = await self._decide(arrival, rules)
            except Exception:
                log.exception("an unexpected error at %s", target)
                return _failed(target, Reply(target.kind.value, CacheStatus.MISS, FAULT), FAULT)
            try:
                return await self._read(target, reply, came)
            except CutShort as e:
                return _failed(target, reply, ErrorAnswer(HTTPStatus.SERVICE_UNAVAILABLE, str(e)))
            except OSError as e:
                words = f"it cannot be read here: {e.strerror or type(e).__name__}"
                return _failed(target, reply, ErrorAnswer(HTTPStatus.INTERNAL_SERVER_ERROR, words))
            finally:
                reply.close()

    async def _read(self, target: Target, reply: Reply, came: Callable[[int], None]) -> Obtained:
        answer, error = reply.answer, reply.error
        if error is not None or answer is None:
            return _failed(target, reply, error or FAULT)
        outcome = Outcome.HELD if answer.status in _HELD else Outcome.FETCHED
        size = answer.size or 0
        if answer.follower is not None:
            size = 0
            async for piece in answer.follower:
                size += len(piece)
                came(len(piece))
        elif outcome is Outcome.FETCHED:
            came(size)
        stored = answer.stored or await self._store.get(target.key)
        if stored is None:
            words = "it was fetched, and could not be kept: look at the disk of this replica"
            return _failed(target, reply, ErrorAnswer(HTTPStatus.INSUFFICIENT_STORAGE, words))
        digest = stored.dirhash or ""
        if target.kind is Kind.MOD:
            digest = go_mod_hash(await _whole(answer, reply))
        return Obtained(target, outcome, reply, size=size, hash=digest)


async def _whole(answer: Answer, reply: Reply) -> bytes:
    if answer.body is not None:
        return answer.body
    if reply.file is None:
        raise AssertionError("a file that is held has a body, or is open")
    return await asyncio.to_thread(reply.file.read)


def _failed(target: Target, reply: Reply, error: ErrorAnswer) -> Obtained:
    return Obtained(target, _outcome_of(reply.by, error, reply), reply, error.status, reason=error.text.strip())


def _outcome_of(by: RuleRefusal | None, error: ErrorAnswer, reply: Reply) -> Outcome:
    if by is not None and by.enforced:
        return Outcome.REFUSED
    if reply.mismatch:
        return Outcome.MISMATCH
    if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return Outcome.ABSENT
    if error.status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED):
        return Outcome.REFUSED
    return Outcome.FAILED


def _pause_of(error: ErrorAnswer | None) -> float:
    said = error.headers.get("Retry-After", "") if error is not None else ""
    return min(float(said), _LONGEST_PAUSE) if said.isascii() and said.isdigit() else _PAUSE
