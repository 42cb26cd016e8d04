"""The modules that are published to the fleet, in front of all other sources.

A module that `hosted.modules` matches comes from the depot alone: no upstream, no peer, no parent, no repository and no
checksum database is asked about it, nor told its name. Other modules may have versions in the depot too: those come
from there, all others from the other source, and lists and `@latest` are made of both.

What is absent here may be published at any moment, so nothing of lists, of `@latest` and of absences is remembered for
the modules that come from the depot alone. An outage of the depot is no absence.
"""

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from modproxy.bucket.bucket import BucketError, BucketObject
from modproxy.bucket.record import ObjectRecord
from modproxy.hosted.claim import file_key, stamp
from modproxy.hosted.hosting import Hosting
from modproxy.hosted.mixed import MixedModules
from modproxy.hosted.shelf import Deleted, Published
from modproxy.mod.answer import AnswerError, check_answer, largest_answer
from modproxy.mod.archive import LARGEST_ZIP
from modproxy.mod.latest import highest_of
from modproxy.mod.semver_ranges import order_of
from modproxy.mod.strict_json import read_object
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, VersionError, check_version, is_canonical, is_pseudo
from modproxy.mod.vouching import CameFrom, voucher
from modproxy.request import Request
from modproxy.source.checked import read_small
from modproxy.source.protocol import (
    ASK_AGAIN_SECONDS,
    Fetched,
    Mismatch,
    NotFound,
    NotHeld,
    Source,
    Tier,
    Unavailable,
    Unpublished,
    once,
)

ORIGIN = "the depot of published modules"
_VOUCHER = voucher(CameFrom.HOSTED)

log = logging.getLogger(__name__)


class Hosted:
    """Answers with what is published, else with what `inner` has.

    `alone` says that there are no other replicas, who could have what is asked for by somebody for whom nothing is
    fetched.
    """

    def __init__(self, inner: Source, mixed: MixedModules, hosting: Hosting, *, alone: bool) -> None:
        self._inner = inner
        self._mixed = mixed
        self._shelf = mixed.shelf
        self._hosting = hosting
        self._alone = alone

    @asynccontextmanager
    async def fetch(self, request: Request) -> AsyncIterator[Fetched]:
        """Yield the answer. Raises `SourceError`: `Unpublished` for what the depot alone could have and has not."""
        async with AsyncExitStack() as stack:
            yield await self._first(stack, request)

    async def _first(self, stack: AsyncExitStack, request: Request) -> Fetched:
        target = request.target
        if isinstance(target, SumdbTarget):
            if target.module is not None and self._hosting.only(target.module):
                raise NotFound(f"{target.module} is private here: the checksum database is not asked about it")
            return await stack.enter_async_context(self._inner.fetch(request))
        try:
            if self._hosting.only(target.path):
                return await self._ours(target)
            if not await self._mixed.has(target.path):
                return await self._theirs(stack, request)
            return await self._of_both(stack, request, target)
        except BucketError as e:
            reason = f"{target}: {ORIGIN} {e.failure.words}"
            raise Unavailable(reason, 503, ASK_AGAIN_SECONDS, cause=f"depot {e.failure.kind}") from None

    async def _theirs(self, stack: AsyncExitStack, request: Request) -> Fetched:
        if request.cached_only and (self._alone or request.hop):
            raise NotHeld(f"{request.target}: not held, and the request asks for what is held only")
        return await stack.enter_async_context(self._inner.fetch(request))

    async def _ours(self, target: Target) -> Fetched:
        """Return the answer for a module that nobody else is asked about."""
        if target.kind is Kind.LIST:
            served = sorted((await self._shelf.versions(target.path)).served, key=_order)
            if not served:
                raise Unpublished(f"no version of {target.path} is published here")
            return _passing(_list_of(served))
        if target.kind is Kind.LATEST:
            newest = highest_of((await self._shelf.versions(target.path)).served)
            if newest is None:
                raise Unpublished(f"no version of {target.path} is published here")
            target = Target(target.path, Version(newest), Kind.INFO)
            return replace(await self._must(target), keep=False)
        named = _named(target)
        if named is None:
            raise Unpublished(f"{target.path}@{target.version}: no such version is published here")
        answer = await self._must(named)
        return answer if target.immutable else replace(answer, keep=False)

    async def _must(self, target: Target) -> Fetched:
        found = await self._file(target)
        if found is None:
            raise Unpublished(f"{target.path}@{target.version}: no such version is published here")
        return found

    async def _file(self, target: Target) -> Fetched | None:
        """Return a file of a version; None for a version that is not published. Raises `Unpublished` (410) for one that
        was deleted.
        """
        version = Version(target.version)
        found = await self._shelf.find(target.path, version)
        if isinstance(found, Deleted):
            raise _gone(target, found)
        if found is None:
            return None
        opened = await self._open(target, found)
        if opened is None:
            found = await self._shelf.find(target.path, version)
            if isinstance(found, Deleted):
                raise _gone(target, found)
            raise Unavailable(f"{target}: {ORIGIN} has lost it: publish the same bytes again")
        return opened

    async def _open(self, target: Target, found: Published) -> Fetched | None:
        bucket = self._shelf.depot.bucket
        if bucket is None:
            return None
        if (opened := await bucket.get(file_key(target, found.life))) is None:
            return None
        largest = LARGEST_ZIP if target.kind is Kind.ZIP else largest_answer(target.kind)
        record = opened.record
        if record is None or record.size != opened.size or opened.size > largest or record.voucher != _VOUCHER:
            raise _changed(target)
        fetched = Fetched(self._whole(target, opened, record), opened.size, ORIGIN, _VOUCHER, tier=Tier.OBJECT_STORE)
        if target.kind is Kind.ZIP:
            return replace(fetched, check_dirhash=partial(_compare, target, record))
        body = await read_small(fetched, largest)
        try:
            check_answer(target, body)
        except AnswerError:
            raise _changed(target) from None
        return replace(fetched, body=once(body))

    async def _whole(self, target: Target, opened: BucketObject, record: ObjectRecord) -> AsyncIterator[bytes]:
        """Yield the bytes of a file, the last piece after its comparison. Raises `Unavailable` and `Mismatch`."""
        bucket, last, digest = self._shelf.depot.bucket, b"", hashlib.sha256()
        if bucket is None:
            raise Unavailable(f"{target}: {ORIGIN} is not used any more", 503)
        try:
            async for piece in bucket.pieces(opened):
                if last:
                    yield last
                digest.update(piece)
                last = piece
        except BucketError as e:
            bucket.read_failed(e.failure)
            raise Unavailable(f"{target}: {ORIGIN} {e.failure.words}", 503, ASK_AGAIN_SECONDS) from None
        if digest.hexdigest() != record.sha256:
            raise _changed(target)
        if last:
            yield last

    async def _of_both(self, stack: AsyncExitStack, request: Request, target: Target) -> Fetched:
        """Return the answer for a module of which versions are published here, and others elsewhere."""
        if target.kind is Kind.LIST:
            return await self._list_of_both(request, target)
        if target.kind is Kind.LATEST:
            return await self._latest_of_both(request, target)
        named = _named(target)
        ours = await self._file(named) if named is not None else None
        if ours is not None:
            return ours if target.immutable else replace(ours, keep=False)
        return await self._theirs(stack, request)

    async def _list_of_both(self, request: Request, target: Target) -> Fetched:
        ours = await self._shelf.versions(target.path)
        theirs, body = await self._read_theirs(request)
        if theirs is None:
            return _passing(_list_of(sorted(ours.served, key=_order)))
        listed = {line for line in body.decode().split("\n") if line} - ours.deleted
        return replace(
            theirs, body=once(merged := _list_of(sorted(listed | ours.served, key=_order))), size=len(merged)
        )

    async def _latest_of_both(self, request: Request, target: Target) -> Fetched:
        ours = await self._shelf.versions(target.path)
        theirs, body = await self._read_theirs(request)
        named = str(read_object(body).get("Version")) if theirs is not None else None
        candidates = {*ours.served, *([named] if named and is_canonical(named) and named not in ours.deleted else [])}
        newest = highest_of(candidates)
        if newest is None:
            raise Unpublished(f"no version of {target.path} is published here, nor known elsewhere")
        if theirs is not None and newest == named and newest not in ours.served:
            return replace(theirs, body=once(body), size=len(body))
        return replace(await self._must(Target(target.path, Version(newest), Kind.INFO)), keep=False)

    async def _read_theirs(self, request: Request) -> tuple[Fetched | None, bytes]:
        """Return the small answer of the other source, with its body; None where it knows of none."""
        try:
            async with AsyncExitStack() as stack:
                theirs = await self._theirs(stack, request)
                return theirs, await read_small(theirs, largest_answer(Kind.LIST))
        except NotFound:
            return None, b""


def _named(target: Target) -> Target | None:
    """Return the file of the version that a target names; None for a query that no published version answers.

    The go command asks for `v2.0.0` where the version is `v2.0.0+incompatible` (cmd/go/internal/modfetch).
    """
    if target.kind is not Kind.QUERY:
        return target
    if not is_canonical(target.version):
        return None
    try:
        version = check_version(target.path, f"{target.version}+incompatible")
    except VersionError:
        return None
    return Target(target.path, version, Kind.INFO)


def _order(version: str) -> tuple[object, str]:
    """Order versions as the go command orders lists (`Sort` of golang.org/x/mod/semver)."""
    return order_of(version), version


def _passing(body: bytes) -> Fetched:
    """Make an answer that is not remembered."""
    return Fetched(once(body), len(body), ORIGIN, _VOUCHER, keep=False, tier=Tier.OBJECT_STORE)


def _list_of(versions: list[str]) -> bytes:
    return "".join(f"{version}\n" for version in versions if not is_pseudo(version)).encode()


def _gone(target: Target, found: Deleted) -> Unpublished:
    reason = f"{target.path}@{target.version} was deleted from this fleet at {stamp(found.stone.at)}"
    return Unpublished(reason, 410, by=found.stone.by)


def _changed(target: Target) -> Mismatch:
    log.error("SECURITY: %s: the file in %s was changed, and is not taken", target, ORIGIN)
    return Mismatch(f"{target}: SECURITY: what {ORIGIN} has is not what was published; nothing was kept")


async def _compare(target: Target, record: ObjectRecord, dirhash: str) -> None:
    if dirhash != record.dirhash:
        raise _changed(target)
