"""The published versions in the depot: how they come, how they go, and how they are found.

A version is published by its claim (made only where there is none), its zip, its `.mod` and its `.info`, in this order.
It is deleted by its tombstone (made only where there is none), a verdict (made only where there is none), and then by
the removal of its files. A **life** of a version is what stands between two tombstones: its files, and its claim, have
keys of their own, and so nothing that is meant for one life touches another one. Life N has N tombstones before it.

**A version is served while the `.info` of its newest life is there.** Claims, tombstones and verdicts are never changed
nor removed. The store makes a file for one writer only (`Depot.create`), and shows what was written to every reader at
once, as S3, Google Cloud, Azure and file systems do.

1. *No version has two contents.* A life has one claim, and each of its files is made of what the claim says: whoever
   publishes other bytes is refused, and whoever publishes the same bytes writes the same files. So two publishers at
   once, on whatever replicas, and one that died and another one that carries on, end with one content. A later life has
   the content of the earlier ones, because its claim is made of the verdict on them; see 3 for the exception.
2. *Nothing is half there.* A reader looks at `.info` first, and then at the tombstones. The `.info` is written last.
   What was found without a later tombstone was served when `.info` was found. Where the zip is then missing, it was
   deleted meanwhile, and the reader is told so. A publisher that dies, at whatever moment, leaves a life without
   `.info`, of which nobody sees anything.
3. *A deleted version comes back with the same bytes or not at all.* The verdict is made after the tombstone and before
   the first file is removed. When it finds no `.info`, there was none at any earlier moment either, because nobody has
   removed one yet; and a late publisher that writes one finds no reader, because of the tombstone. So nobody has seen
   that life, and the version is free for other bytes: this is how DELETE frees a version that a dead publisher holds.
   When the verdict finds an `.info`, the claim of that life is in the verdict, and binds all later lives. Two that
   delete at once may see different things; the verdict that was made first holds for both of them.
4. *A deletion that died is carried on* by the next deletion or publication of the version: both begin with the verdict
   and the removal for the newest tombstone. All steps may be done twice.
5. *A late step harms nobody.* A removal that a stopped process makes long after is for a life that has ended; a file
   that it writes long after is one that its claim describes, in a life that a tombstone hides for ever. The publisher
   removes it when it sees that tombstone; else the next DELETE of the version does.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import BinaryIO, TypeVar

from modproxy.bucket.bucket import BucketError
from modproxy.bucket.depot import HOSTED, Depot
from modproxy.bucket.failure import failure_of
from modproxy.hosted.claim import (
    LARGEST_CLAIM,
    MOST_LIVES,
    Claim,
    ClaimError,
    Tombstone,
    Verdict,
    base_of,
    buried,
    claim_key,
    done_key,
    file_key,
    mixed_key,
    read_claim,
    read_tombstone,
    read_verdict,
    restored_of,
    tombstone_key,
    tombstones_of,
    verdict_key,
    write_claim,
    write_tombstone,
    write_verdict,
)
from modproxy.hosted.words import other_than_deleted, other_than_held
from modproxy.mod.answer import largest_answer
from modproxy.mod.path import ModulePath, unescape
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, is_canonical

T = TypeVar("T")
_KINDS = (Kind.INFO, Kind.MOD, Kind.ZIP)
_TRIES = 8
"""How often something is looked at again that changes meanwhile: each time somebody else has published or deleted."""
_VERDICT_MORE = 256
"""Bytes that a verdict has beside its claim: what is read back is bounded by `LARGEST_CLAIM`."""
MOST_LISTED = 30_000
"""Files of one module: ten thousand versions."""


class Done(StrEnum):
    """How a publication or a deletion has ended."""

    CREATED = "created"
    RESTORED = "restored"
    """Published again after a deletion, with the very same bytes."""
    SAME = "same"
    """It was done before."""
    DELETED = "deleted"


class Refused(Exception):
    """The version cannot be published or deleted: the message says why, and what to do."""

    def __init__(self, status: int, reason: str, outcome: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.outcome = outcome
        """In one word, for metrics."""


@dataclass(frozen=True, slots=True)
class Published:
    """Says that a version is served."""

    life: int
    info: bytes


@dataclass(frozen=True, slots=True)
class Deleted:
    """Says that a version was deleted."""

    stone: Tombstone


@dataclass(frozen=True, slots=True)
class Versions:
    """Names the versions of a module."""

    served: frozenset[str]
    deleted: frozenset[str]


class HostedShelf:
    """Publishes, deletes and finds versions in a depot. Its methods raise `BucketError` where the depot fails."""

    def __init__(self, depot: Depot, clock: Callable[[], float] = time.time) -> None:
        self.depot = depot
        self._clock = clock

    async def find(self, path: ModulePath, version: Version) -> Published | Deleted | None:
        """Say whether a version is served; None for one that is not, and that was never deleted."""
        target = Target(path, version, Kind.INFO)
        life = 0
        for _ in range(_TRIES):
            kept = await self.depot.read(file_key(target, life), largest_answer(Kind.INFO))
            newest = await self._lives(path, version)
            if newest == life:
                if kept is not None:
                    return Published(life, kept.body)
                return None if life == 0 else Deleted(await self._stone(path, version, life))
            life = newest
        raise BucketError(failure_of("busy"))

    async def versions(self, path: ModulePath) -> Versions:
        """Name the versions of a module: those that are served, and those that were deleted."""
        first = await self._listed(f"{HOSTED}{base_of(path)}")
        stones = await self._stones(path)
        later: set[tuple[int, str]] = set()
        if stones:
            for key in await self._listed(restored_of(path)):
                life, _, name = key.removeprefix(f"{restored_of(path)}/").partition("/")
                if life.isdecimal() and (version := _version_of(name)):
                    later.add((int(life), version))
            stones = await self._stones(path)
        served = {
            version for key in first if (version := _version_of(key.rpartition("/")[2])) and version not in stones
        }
        again = {version for version, number in stones.items() if (number, version) in later}
        return Versions(frozenset(served | again), frozenset(stones.keys() - again))

    async def _stones(self, path: ModulePath) -> dict[str, int]:
        """Return the number of the newest tombstone of each version that has one."""
        newest: dict[str, int] = {}
        for key in await self._listed(tombstones_of(path)):
            if (found := buried(key)) is not None and found[0] == path:
                newest[found[1]] = max(found[2], newest.get(found[1], 0))
        return newest

    async def _listed(self, prefix: str) -> list[str]:
        found, more = await self.depot.list(prefix, MOST_LISTED)
        if more:
            raise BucketError(failure_of("many"))
        return [one.key for one in found]

    async def _lives(self, path: ModulePath, version: Version) -> int:
        """Return how many tombstones the version has. Nearly all have none, which one request tells."""
        if await self.depot.read(tombstone_key(path, version, 1), LARGEST_CLAIM) is None:
            return 0
        found, _ = await self.depot.list(tombstones_of(path, version), 3 * MOST_LIVES)
        return max((told[2] for one in found if (told := buried(one.key)) is not None), default=1)

    async def _stone(self, path: ModulePath, version: Version, number: int) -> Tombstone:
        return parsed(read_tombstone, await self._must(tombstone_key(path, version, number)))

    async def _must(self, key: str) -> bytes:
        kept = await self.depot.read(key, LARGEST_CLAIM)
        if kept is None:
            raise BucketError(failure_of("busy"))
        return kept.body

    async def _claim(self, path: ModulePath, version: Version, life: int) -> Claim | None:
        kept = await self.depot.read(claim_key(path, version, life), LARGEST_CLAIM)
        return None if kept is None else parsed(read_claim, kept.body)

    async def claim_of(self, path: ModulePath, version: Version, life: int) -> Claim:
        """Return the claim of a version that is served."""
        return parsed(read_claim, await self._must(claim_key(path, version, life)))

    async def mark_mixed(self, path: ModulePath) -> None:
        """Note that a module of an upstream has versions here too, before the first one is published."""
        await self.depot.create(mixed_key(path), b"")

    async def is_mixed(self, path: ModulePath) -> bool:
        """Say whether a module was noted so."""
        return await self.depot.read(mixed_key(path), LARGEST_CLAIM) is not None

    async def publish(
        self, path: ModulePath, version: Version, new: Claim, open_zip: Callable[[], BinaryIO], go_mod: bytes
    ) -> tuple[Done, Claim]:
        """Publish a version, whose zip was checked, for good. Returns what is in force for it.

        Raises `Refused`, and `OSError` where the zip cannot be read.
        """
        await self.depot.require_conditions()
        life, frozen = await self._settled(path, version)
        if life >= MOST_LIVES:
            raise Refused(
                409, f"{path}@{version} was deleted {life} times, which is the most: take the next version", "conflict"
            )
        if frozen is not None and frozen.sha256 != new.sha256:
            stone = await self._stone(path, version, life)
            raise Refused(409, other_than_deleted(path, version, new, frozen, stone), "conflict")
        claim = new if frozen is None else replace(new, info=frozen.info, at=frozen.at, by=frozen.by)
        written = write_claim(claim)
        if len(written) > LARGEST_CLAIM - _VERDICT_MORE:
            raise Refused(400, f"{path}@{version}: its .info is too large", "invalid")
        if not await self.depot.create(claim_key(path, version, life), written):
            held = parsed(read_claim, await self._must(claim_key(path, version, life)))
            if held.sha256 != new.sha256:
                whole = (
                    await self.depot.read(_key(path, version, life, Kind.INFO), largest_answer(Kind.INFO)) is not None
                )
                raise Refused(409, other_than_held(path, version, new, held, whole=whole), "conflict")
            claim = held
        same = await self._write(partial(_key, path, version, life), claim, open_zip, go_mod)
        newest = await self._lives(path, version)
        if newest != life:
            # It was deleted meanwhile. What was written after the removal would stay, though nobody sees it.
            await self._settled(path, version)
            await self._remove(path, version, life)
            stone = await self._stone(path, version, newest)
            raise Refused(409, f"{path}@{version} was deleted {stone.told}, while it was published", "conflict")
        done = Done.SAME if same else Done.CREATED if life == 0 or frozen is None else Done.RESTORED
        return done, claim

    async def _write(
        self, key_of: Callable[[Kind], str], claim: Claim, open_zip: Callable[[], BinaryIO], go_mod: bytes
    ) -> bool:
        """Write the files of a claim that are not there, `.info` last. Returns whether all of them were there."""
        same = True
        for kind in reversed(_KINDS):
            key, record = key_of(kind), claim.record(kind)
            if await self.depot.head(key) == (record.size, record):
                continue
            same = False
            if kind is Kind.ZIP:
                file = await asyncio.to_thread(open_zip)
                try:
                    await self.depot.put_file(key, file, record)
                finally:
                    file.close()
            else:
                await self.depot.put(key, go_mod if kind is Kind.MOD else claim.info.encode(), record)
        return same

    async def delete(self, path: ModulePath, version: Version, by: str) -> tuple[Done, Tombstone]:
        """Delete a version, or free it from a publication that has not ended. Raises `Refused` (404)."""
        await self.depot.require_conditions()
        for _ in range(_TRIES):
            life = await self._lives(path, version)
            if await self._claim(path, version, life) is None:
                if life == 0:
                    raise Refused(404, f"{path}@{version} is not published here", "absent")
                await self._settled(path, version)
                await self._remove(path, version, life - 1)
                return Done.SAME, await self._stone(path, version, life)
            stone = Tombstone(by, round(self._clock(), 3))
            made = await self.depot.create(tombstone_key(path, version, life + 1), write_tombstone(stone))
            await self._settled(path, version)
            if made:
                return Done.DELETED, stone
        raise BucketError(failure_of("busy"))

    async def _settled(self, path: ModulePath, version: Version) -> tuple[int, Claim | None]:
        """Bring the newest deletion to its end. Returns the number of the life after it, and what binds that life."""
        number = await self._lives(path, version)
        if number == 0:
            return 0, None
        key = verdict_key(path, version, number)
        kept = await self.depot.read(key, LARGEST_CLAIM)
        if kept is None:
            await self.depot.create(key, write_verdict(await self._judged(path, version, number)))
            verdict = parsed(read_verdict, await self._must(key))  # the first one counts
        else:
            verdict = parsed(read_verdict, kept.body)
        done = done_key(path, version, number)
        if await self.depot.read(done, LARGEST_CLAIM) is None:
            await self._remove(path, version, number - 1)
            await self.depot.create(done, b"")
        return number, verdict.frozen

    async def _judged(self, path: ModulePath, version: Version, number: int) -> Verdict:
        life = number - 1
        finished = await self.depot.read(_key(path, version, life, Kind.INFO), largest_answer(Kind.INFO)) is not None
        before = await self.depot.read(verdict_key(path, version, life), LARGEST_CLAIM) if life else None
        bound = parsed(read_verdict, before.body).frozen if before is not None else None
        return Verdict(finished, await self.claim_of(path, version, life) if finished else bound)

    async def _remove(self, path: ModulePath, version: Version, life: int) -> None:
        for kind in _KINDS:
            await self.depot.delete(_key(path, version, life, kind))


def parsed(read: Callable[[bytes], T], body: bytes) -> T:
    """Read what a replica has written. Raises `BucketError` for anything else."""
    try:
        return read(body)
    except ClaimError:
        raise BucketError(failure_of("claim")) from None


def _key(path: ModulePath, version: Version, life: int, kind: Kind) -> str:
    return file_key(Target(path, version, kind), life)


def _version_of(name: str) -> str:
    """Return the version whose `.info` has this name; nothing for another file."""
    if not name.endswith(".info"):
        return ""
    try:
        version = unescape(name.removesuffix(".info"))
    except ValueError:
        return ""
    return version if is_canonical(version) else ""
