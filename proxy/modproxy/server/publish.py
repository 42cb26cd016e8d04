"""The publication of versions: `PUT /MODULE/@v/VERSION.zip`, and of the `.mod` and `.info`, which are derived from it.

The zip alone is enough. A `.mod` or an `.info` that comes after it is compared with what is kept, because Artifactory's
client sends all three, the zip first. Of an `.info` the version counts: the time is that of the publication.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from modproxy.bucket.bucket import BucketError
from modproxy.cache.changes import Changes
from modproxy.cache.lookup import Cache
from modproxy.cache.zip_check import ZipChecks
from modproxy.contract.config import Verb
from modproxy.fleet.change import Change as ModuleChange
from modproxy.hosted.claim import Claim, info_of, sha256_of
from modproxy.hosted.mixed import MixedModules
from modproxy.hosted.shelf import Deleted, Done, Published, Refused
from modproxy.importing.elsewhere import is_elsewhere
from modproxy.in_force import Rules
from modproxy.mod.answer import LARGEST_MOD, AnswerError, check_answer, largest_answer
from modproxy.mod.archive import LARGEST_ZIP, ArchiveError
from modproxy.mod.new_zip import go_mod_of_new_zip
from modproxy.mod.strict_json import read_object
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.server.actions import BodyError, body_of, read_body
from modproxy.server.changing import CarriedOut, Change, Counts, name_of
from modproxy.server.decide.arrival import Arrival
from modproxy.server.decide.artifactory import has_parameters
from modproxy.server.decide.checksums import Announced, ChecksumError
from modproxy.server.decide.refusals import CHECKS_OF_PUBLISH
from modproxy.server.reply import Reply
from modproxy.source.protocol import SourceError
from modproxy.store.protocol import Draft, NoRoomError, Store
from modproxy.via import ViaEntry

_MOST_AT_ONCE = 8
"""Publications under way: each may have a draft of 500 MiB."""
_LONGEST_SECONDS = 3600.0
"""The largest zip over a line of a megabit a second takes an hour."""
DEPOT_SHARE = 0.9
"""The part of the volume that published modules and bundles may have where they are in a folder of the replica: the
cache needs room for what it fetches.
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostingParts:
    """Carries the parts of the replica that publications need."""

    cache: Cache
    store: Store
    capacity: Callable[[], int]
    """Returns how many bytes the volume of the replica may have."""
    checks: ZipChecks
    mixed: MixedModules
    changes: Changes
    own: ViaEntry
    """This replica's entry in the Via header."""


class Publication:
    """Publishes versions for those who may."""

    proves_itself = False

    def __init__(self, parts: HostingParts, carried_out: CarriedOut, counts: Counts) -> None:
        self._cache = parts.cache
        self._store = parts.store
        self._capacity = parts.capacity
        self._checks = parts.checks
        self._mixed = parts.mixed
        self._shelf = parts.mixed.shelf
        self._changes = parts.changes
        self._change = Change(
            "publish", Verb.PUBLISH, CHECKS_OF_PUBLISH, parts.own, carried_out=carried_out, counts=counts
        )
        self._under_way = 0

    async def reply(self, http: web.BaseRequest, arrival: Arrival, rules: Rules) -> Reply:
        """Publish the version that the path names, or compare what is sent with it."""
        if (refused := self._change.refused(http, arrival, rules)) is not None:
            return refused
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                target = self._change.version_of(arrival)
                if http.headers.get("X-Checksum-Deploy", "").lower() == "true":
                    return await self._without_body(http, arrival, target)
                if target.kind is Kind.ZIP:
                    return await self._zip(http, arrival, rules, target)
                return await self._compared(http, arrival, target)
        except TimeoutError:
            reason = f"the publication took longer than {_LONGEST_SECONDS:.0f} s: send it over a faster line"
            return self._change.failed(Refused(HTTPStatus.REQUEST_TIMEOUT, reason, "broken"))
        except (Refused, BucketError, BodyError) as e:
            return self._change.failed(e)

    async def _zip(self, http: web.BaseRequest, arrival: Arrival, rules: Rules, target: Target) -> Reply:
        if self._under_way >= _MOST_AT_ONCE:
            reason = f"{_MOST_AT_ONCE} publications are under way at this replica: send it again later"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, reason, "busy")
        self._under_way += 1
        try:
            await self._shelf.depot.require_conditions()  # before a body of 500 MiB is sent for nothing
            return await self._taken(http, arrival, rules, target)
        except NoRoomError as e:
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, f"{target}: {e.strerror}", "full") from None
        except OSError as e:
            if isinstance(e, ConnectionError):
                raise
            log.error("%s cannot be taken: %s", target, e)
            reason = f"{target}: no disk of this replica takes it: {e.strerror}"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, reason, "full") from None
        finally:
            self._under_way -= 1

    async def _taken(self, http: web.BaseRequest, arrival: Arrival, rules: Rules, target: Target) -> Reply:
        announced = _announced(http)
        self._check_room(http.content_length or 0)
        check, draft = self._checks.begin(target), None
        try:
            async for piece in body_of(http, LARGEST_ZIP):
                announced.take(piece)
                if draft is None:
                    draft = await self._store.draft(http.content_length, piece)
                else:
                    await draft.write(piece)
                await check.take(draft, piece)
            if draft is None:
                reason = f"{target}: the body is empty: send the zip as the body"
                raise Refused(HTTPStatus.BAD_REQUEST, reason, "invalid")
            _check_announced(announced)
            self._check_room(draft.written)
            version = Version(target.version)
            try:
                h1 = await check.end(draft)
                go_mod = await asyncio.to_thread(_go_mod_of, draft, target)
            except ArchiveError as e:
                reason = f"{target.path}@{version}: the zip is refused: {e}"
                raise Refused(HTTPStatus.BAD_REQUEST, reason, "invalid") from None
            at = round(time.time(), 3)
            claim = Claim(
                draft.written, announced.sha256, h1, sha256_of(go_mod), len(go_mod), info_of(version, at),
                name_of(arrival.principal), at,
            )  # fmt: skip
            if rules.hosting is None or not rules.hosting.only(target.path):
                await self._refuse_elsewhere(target, rules)
                await self._mixed.mark(target.path)
            done, claim = await self._shelf.publish(target.path, version, claim, draft.open, go_mod)
        finally:
            check.close()
            if draft is not None:
                draft.close()
        if done is not Done.SAME:
            await self._changes.changed(ModuleChange(target.path))
            log.info("%s@%s was published %s: %s", target.path, version, claim.told, claim.h1)
        status = HTTPStatus.OK if done is Done.SAME and not has_parameters(http.raw_path) else HTTPStatus.CREATED
        return self._told(target, done.value, status, claim, arrival.id)

    def _told(self, target: Target, outcome: str, status: int, claim: Claim, request_id: str) -> Reply:
        sha256 = claim.record(target.kind).sha256
        told = {
            "module": target.path, "version": target.version, "info": read_object(claim.info), "h1": claim.h1,
            "size": claim.size, "checksums": {"sha256": sha256},
        }  # fmt: skip
        return self._change.done(outcome, status, told, request_id, X_Checksum_Sha256=sha256)

    def _check_room(self, size: int) -> None:
        """Refuse what would leave the cache no room, where both are on one volume."""
        used, capacity = self._shelf.depot.used_bytes, self._capacity()
        if used and used + size > capacity * DEPOT_SHARE:
            reason = (
                f"published modules have {used} bytes of the {capacity} of this replica's volume: make it larger "
                "(spec.cache.storage.size), or use an object store"
            )
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, reason, "full")

    async def _refuse_elsewhere(self, target: Target, rules: Rules) -> None:
        """Refuse a version that an upstream or a repository has: it would have two contents."""
        try:
            found = await is_elsewhere(self._cache, target.path, Version(target.version), rules)
        except SourceError as e:
            reason = f"whether {target.path}@{target.version} exists elsewhere cannot be found out: {e.reason}"
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, reason, "failed") from None
        if found:
            reason = (
                f"{target.path}@{target.version} exists already elsewhere, where this fleet has its modules from: "
                "publish another version, or have the module's path put into spec.hosted.modules"
            )
            raise Refused(HTTPStatus.CONFLICT, reason, "conflict")

    async def _compared(self, http: web.BaseRequest, arrival: Arrival, target: Target) -> Reply:
        """Compare a `.mod` or an `.info` with the one of the version, which its zip has brought."""
        announced = _announced(http)
        body = await read_body(http, LARGEST_MOD if target.kind is Kind.MOD else largest_answer(Kind.INFO))
        announced.take(body)
        _check_announced(announced)
        version = Version(target.version)
        found = await self._shelf.find(target.path, version)
        if not isinstance(found, Published):
            raise Refused(HTTPStatus.CONFLICT, _zip_first(target, found), "conflict")
        claim = await self._shelf.claim_of(target.path, version, found.life)
        if target.kind is Kind.MOD:
            if sha256_of(body) != claim.mod_sha256:
                reason = (
                    f"{target.path}@{version} was published {claim.told} with another go.mod\n"
                    f"published: sha256 {claim.mod_sha256}\nsent:      sha256 {sha256_of(body)}\n"
                    "The .mod is the go.mod of the zip: leave it out, or send that file."
                )
                raise Refused(HTTPStatus.CONFLICT, reason, "conflict")
            return self._told(target, Done.SAME.value, HTTPStatus.CREATED, claim, arrival.id)
        _check_info(target, body)
        return self._told(target, Done.SAME.value, HTTPStatus.CREATED, claim, arrival.id)

    async def _without_body(self, http: web.BaseRequest, arrival: Arrival, target: Target) -> Reply:
        """Answer a client that sends hashes alone, in the hope that their file is here (`X-Checksum-Deploy`)."""
        found = await self._shelf.find(target.path, Version(target.version))
        if isinstance(found, Published):
            claim = await self._shelf.claim_of(target.path, Version(target.version), found.life)
            sha256 = claim.record(target.kind).sha256
            if sha256 in (http.headers.get("X-Checksum-Sha256"), http.headers.get("X-Checksum")):
                return self._told(target, Done.SAME.value, HTTPStatus.CREATED, claim, arrival.id)
        raise Refused(HTTPStatus.NOT_FOUND, f"{target}: no file with these hashes is here: send its bytes", "absent")


def _go_mod_of(draft: Draft, target: Target) -> bytes:
    with draft.open() as file:
        return go_mod_of_new_zip(file, target.path, Version(target.version))


def _announced(http: web.BaseRequest) -> Announced:
    try:
        return Announced(http.headers)
    except ChecksumError as e:
        raise Refused(HTTPStatus.BAD_REQUEST, str(e), "invalid") from None


def _check_announced(announced: Announced) -> None:
    try:
        announced.check()
    except ChecksumError as e:
        raise Refused(HTTPStatus.BAD_REQUEST, str(e), "broken") from None


def _check_info(target: Target, body: bytes) -> None:
    try:
        named = read_object(body).get("Version")
        if isinstance(named, str) and named != target.version:
            reason = (
                f"{target.path}@{target.version}: the .info names version {named[:100]!r}: send the one of this version"
            )
            raise Refused(HTTPStatus.CONFLICT, reason, "conflict")
        check_answer(target, body)
    except (AnswerError, ValueError) as e:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{target}: the .info is refused: {e}", "invalid") from None


def _zip_first(target: Target, found: Deleted | None) -> str:
    name = f"{target.path}@{target.version}"
    if isinstance(found, Deleted):
        return f"{name} was deleted {found.stone.told}: to restore it, publish the same zip again, and first of all"
    return f"{name} is not published yet: publish its zip first, which brings the .mod and the .info with it"
