"""The object store of the fleet as a source in front of another one, which is asked for what the store cannot give.

What comes out of the store is compared with what is kept with it: a small file before anybody gets it, a large zip as
it streams, with its last piece held back. What does not match is a security event, and the other source is asked in its
place. A stream that breaks off goes on with the bytes of the other source, if that source has the same beginning. The
rules in force decide by the voucher whether a file may be taken at all; its database has to vouch again.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from modproxy.bucket.bucket import Bucket, BucketError, BucketObject
from modproxy.bucket.record import ObjectRecord
from modproxy.contract.config import CacheConfig
from modproxy.mod.answer import AnswerError, check_answer, largest_answer
from modproxy.mod.archive import LARGEST_ZIP
from modproxy.mod.target import Kind, Target
from modproxy.mod.vouching import CameFrom, came_from
from modproxy.request import AnyTarget, Request
from modproxy.room import Reservation, Room
from modproxy.source.checked import off_the_loop, read_small
from modproxy.source.lately import Lately
from modproxy.source.protocol import Fetched, Mismatch, Source, Tier, Unavailable, Unfit, once
from modproxy.source.splicing import after

_SMALL_ZIP = 1 << 20
"""In bytes: a zip of this size is read whole and compared before it is given. Nine of ten zips are smaller."""
_LARGEST_OF_DATABASE = 1 << 20
_PASSED_BY_SECONDS = 600.0
"""How long a file that was refused is not asked for: the one that replaces it is written within this time."""
_AGAIN_SECONDS = 60.0
"""An answer of a checksum database that is asked for again so soon was refused by its proof, for else it is cached."""
ORIGIN = "the object store"

log = logging.getLogger(__name__)


class ObjectStoreTerms(Protocol):
    """What the rules in force say of files from the object store."""

    def admits(self, target: AnyTarget, voucher: str) -> bool:
        """Say whether a file with this voucher may be served."""
        ...

    @property
    def times(self) -> CacheConfig:
        """How long answers stay fresh, and how long old ones are given in an outage."""
        ...


@dataclass(slots=True)
class _Stream:
    """Says how a large zip that streams fares."""

    spliced: bool = False
    """Whether its end came from the other source."""


class ObjectStoreSource:
    """Answers with what the bucket has, else with what `inner` has.

    `memory` is the room for files that are held whole while they are compared.
    """

    def __init__(self, inner: Source, bucket: Bucket, terms: ObjectStoreTerms, memory: Room) -> None:
        self._inner = inner
        self._bucket = bucket
        self._terms = terms
        self._memory = memory
        self._refused = Lately[str](_PASSED_BY_SECONDS)

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer. Raises `SourceError` of the other source."""
        held = Reservation(self._memory)
        try:
            async with AsyncExitStack() as stack:
                fetched = await self._first(stack, request, held)
                try:
                    yield fetched
                except Unfit:
                    if fetched.tier is Tier.OBJECT_STORE:
                        self._refuse(request.target.key)
                    raise
        finally:
            held.release()

    async def _first(self, stack: AsyncExitStack, request: Request, held: Reservation) -> Fetched:
        target, times = request.target, self._terms.times
        late = target.key in self._refused
        found = None if late else await self._held(request, held)
        if found is not None and (target.immutable or found.age <= times.list_ttl):
            return found
        try:
            return await stack.enter_async_context(self._inner.fetch(request))
        except Unavailable:
            if late:
                found = await self._held(request, held)
            if found is None or not (target.immutable or found.age <= times.list_ttl + times.stale_if_error):
                raise
            return found

    async def _held(self, request: Request, held: Reservation) -> Fetched | None:
        """Return what the bucket has of the target, compared as far as it can be now; None where it is of no use."""
        target = request.target
        if not isinstance(target, Target):
            return None
        try:
            found = await self._bucket.get(target.key)
            if found is None:
                return None
            record = self._usable(target, found)
            if record is None:
                return None
            if target.kind is Kind.ZIP and not (found.size <= _SMALL_ZIP and held.grow_to(found.size)):
                return self._streaming(request, found, record)
            body = await read_whole(self._bucket, found, _largest(target), held)
        except BucketError:
            return None
        except Unavailable:  # no room in memory
            return None
        if not await _is_as_recorded(body, record):
            self._accuse(target, "its bytes are not those that were written")
            return None
        fetched = Fetched(
            once(body), len(body), ORIGIN, came_from(record.voucher), tier=Tier.OBJECT_STORE, age=record.age()
        )
        if target.kind is Kind.ZIP:
            return replace(fetched, check_dirhash=partial(self._compare, target, record, _Stream()))
        try:
            await off_the_loop(partial(check_answer, target), body)
        except AnswerError as e:
            self._accuse(target, f"it does not fit its name: {e}")
            return None
        return fetched

    def _usable(self, target: Target, found: BucketObject) -> ObjectRecord | None:
        """Return the record of a file that may be taken under the rules in force."""
        record = found.record
        if record is None:
            log.info("%s: %s has it without a record of its origin, so it is not taken", target, ORIGIN)
            self._bucket.spoil(target.key)
            return None
        if found.size != record.size:
            self._accuse(target, f"it has {found.size} bytes, and {record.size} were written")
            return None
        if not self._terms.admits(target, record.voucher):
            self._bucket.spoil(target.key)
            return None
        return record if found.size <= _largest(target) else None

    def _accuse(self, target: Target, why: str) -> None:
        log.error("SECURITY: %s: the file in %s was changed, and is not taken: %s", target, ORIGIN, why)
        self._bucket.requests["get", "refused"] += 1
        self._refuse(target.key)

    def _refuse(self, key: str) -> None:
        self._refused.note(key)
        self._bucket.spoil(key)

    def _streaming(self, request: Request, found: BucketObject, record: ObjectRecord) -> Fetched:
        state = _Stream()
        return Fetched(
            self._pieces(request, found, record, state),
            found.size,
            ORIGIN,
            came_from(record.voucher),
            tier=Tier.OBJECT_STORE,
            check_dirhash=partial(self._compare, request.target, record, state),
        )

    async def _pieces(
        self, request: Request, found: BucketObject, record: ObjectRecord, state: _Stream
    ) -> AsyncIterator[bytes]:
        """Yield a zip, the last piece after the comparison. What is wrong or missing comes from the other source."""
        given, last, digest = 0, b"", hashlib.sha256()
        try:
            async for piece in self._bucket.pieces(found):
                if last:
                    digest.update(last)
                    given += len(last)
                    yield last
                last = piece
        except BucketError as e:
            self._bucket.read_failed(e.failure)
            log.warning("%s: %s ends after %d of %d bytes: %s", request.target, ORIGIN, given, record.size, e)
        else:
            whole = digest.copy()
            whole.update(last)
            if given + len(last) == record.size and whole.hexdigest() == record.sha256:
                yield last
                return
            if isinstance(request.target, Target):
                self._accuse(request.target, "its bytes are not those that were written")
        state.spliced = True
        async with self._inner.fetch(request) as fetched:
            if not fetched.keep or _is_private(fetched.voucher) != _is_private(record.voucher):
                raise Unfit(f"{request.target}: {ORIGIN} broke off, and no like source has the rest")
            other = Unfit(f"{request.target}: {ORIGIN} broke off, and {fetched.origin} has another zip: ask again")
            async for piece in after(fetched.body, given, digest.digest(), other):
                yield piece

    async def _compare(self, target: AnyTarget, record: ObjectRecord, state: _Stream, dirhash: str) -> None:
        """Compare the hash of a zip with the one that was written. Raises `Mismatch`."""
        if state.spliced or dirhash == record.dirhash:
            return
        raise Mismatch(
            f"{target}: SECURITY: the zip in {ORIGIN} is not the one that was vouched for; nothing was kept\n"
            f"found:   {dirhash}\nwritten: {record.dirhash or 'no hash'}"
        )


def _is_private(text: str) -> bool:
    return came_from(text) == CameFrom.VERSION_CONTROL


def _largest(target: Target) -> int:
    return LARGEST_ZIP if target.kind is Kind.ZIP else largest_answer(target.kind)


async def read_whole(bucket: Bucket, found: BucketObject, largest: int, held: Reservation | None = None) -> bytes:
    """Read a small file. Raises `BucketError`, and `Unavailable` where memory has no room for it."""
    try:
        return await read_small(Fetched(bucket.pieces(found), found.size, ORIGIN), largest, held)
    except BucketError as e:
        bucket.read_failed(e.failure)
        raise


async def _is_as_recorded(body: bytes, record: ObjectRecord) -> bool:
    if len(body) != record.size:
        return False
    return await off_the_loop(lambda data: hashlib.sha256(data).hexdigest(), body) == record.sha256


class DatabaseShelf:
    """Has answers of a checksum database that the object store keeps. They are unproved: the caller proves them."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._given = Lately[str](_AGAIN_SECONDS)

    async def read(self, target: AnyTarget, *, in_outage: bool = False) -> bytes | None:
        """Return an answer; None where there is none.

        What was given lately is given again only `in_outage`, because whoever asks again could not use it.
        """
        if not in_outage and target.key in self._given:
            return None
        try:
            found = await self._bucket.get(target.key)
            if found is None or found.record is None or found.size > _LARGEST_OF_DATABASE:
                return None
            body = await read_whole(self._bucket, found, _LARGEST_OF_DATABASE)
        except (BucketError, Unavailable):
            return None
        if not await _is_as_recorded(body, found.record):
            self._bucket.spoil(target.key)
            return None
        self._given.note(target.key)
        return body
