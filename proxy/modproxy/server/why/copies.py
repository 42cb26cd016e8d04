"""Where the files of a version are held now, and who vouched for them. Nothing is fetched, and no use is noted."""

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modproxy.bucket.bucket import Bucket, BucketError
from modproxy.cache.lookup import Cache
from modproxy.contract.why import Copy
from modproxy.facts.examining import moment
from modproxy.hosted.mixed import MixedModules
from modproxy.hosted.shelf import Deleted
from modproxy.in_force import Rules
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.mod.vouching import CameFrom, came_from, database_of
from modproxy.request import Request
from modproxy.store.protocol import StoredFile

FILES = (Kind.INFO, Kind.MOD, Kind.ZIP)
"""The files of a version."""
_SECONDS = 5.0
"""How long the object store is waited for."""
_CAME_FROM = {
    CameFrom.UPSTREAM: "an upstream of upstream.goproxy",
    CameFrom.PARENT: "the parent fleet",
    CameFrom.VERSION_CONTROL: "version control",
    CameFrom.BUNDLE: "a bundle that was imported",
    CameFrom.HOSTED: "a publication to this fleet",
}


class Shelf(Protocol):
    """A store that can be looked at."""

    root: Path

    async def look(self, key: str) -> StoredFile | None:
        """Look a file up without noting a use of it."""
        ...


@dataclass(frozen=True, slots=True)
class Places:
    """Carries what holds files."""

    store: Shelf
    cache: Cache
    bucket: Bucket
    """The object store; it is asked only where the config names one."""
    mixed: MixedModules
    """Knows what is published; it is asked only where the config has hosted modules."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Says where a version is held."""

    copies: tuple[Copy, ...] = ()
    lacking: tuple[Kind, ...] = FILES
    """The files that this replica and the depot lack, or may not serve by today's rules."""
    has_zip: bool = False
    """Whether this replica has the zip."""
    asked_in_vain: bool = False
    """Whether the depot has not answered."""
    notes: tuple[str, ...] = ()
    mixed: bool = False
    """Whether versions of the module are published here, and others elsewhere."""


def source_in_words(voucher: str) -> str:
    """Say where a file came from, by its voucher."""
    word = came_from(voucher)
    return next((words for name, words in _CAME_FROM.items() if name == word), "")


def voucher_in_words(voucher: str) -> str:
    """Say who vouched for a file, by its voucher; empty where nobody did."""
    database = database_of(voucher)
    if database:
        return f"the checksum database {database.partition('+')[0]}"
    return {
        CameFrom.VERSION_CONTROL.value: "version control: the commit that its .info names",
        CameFrom.BUNDLE.value: "whoever made and imported the bundle",
        CameFrom.HOSTED.value: "its publisher",
    }.get(came_from(voucher), "")


async def holding(places: Places, rules: Rules, target: Target, *, named: bool) -> Holding:
    """Look where the version of a target with a canonical version is held. `named` says whether the reader may learn
    who published it.
    """
    files = {kind: Target(target.path, Version(target.version), kind) for kind in FILES}
    found = {kind: file for kind, one in files.items() if (file := await places.store.look(one.key)) is not None}
    admitted = {kind: file for kind, file in found.items() if rules.admission.admits(files[kind], file.voucher)}
    copies, notes = [], []
    if found:
        copies.append(await _on_disk(places.store, found, admitted))
    published: set[Kind] = set()
    mixed = vain = False
    if rules.hosting is not None:
        try:
            async with asyncio.timeout(_SECONDS):
                mixed = await places.mixed.has(target.path) and not rules.hosting.only(target.path)
                if mixed or rules.hosting.only(target.path):
                    copy = await _in_depot(places.mixed, files[Kind.INFO], named=named)
                    if copy is not None:
                        copies.append(copy)
                        published = set(FILES) if copy.kinds else set()
        except BucketError as e:
            vain = True
            notes.append(f"the depot of published modules {e.failure.words}")
        except TimeoutError:
            vain = True
            notes.append("the depot of published modules gives no answer in time")
    if rules.layout is not None and rules.layout.object_store:
        try:
            async with asyncio.timeout(_SECONDS):
                copies += await _in_object_store(places.bucket, files)
        except BucketError as e:
            notes.append(f"the object store {e.failure.words}")
        except TimeoutError:
            notes.append("the object store gives no answer in time")
    absent = places.cache.absence(Request(files[Kind.INFO]), rules)
    if absent is not None:
        note = f"a source has said that there is no such version, and this is remembered for a while: {absent.reason}"
        copies.append(Copy(place="absence", note=note))
    lacking = tuple(kind for kind in FILES if kind not in admitted and kind not in published)
    return Holding(
        tuple(copies), lacking, has_zip=Kind.ZIP in admitted, asked_in_vain=vain, notes=tuple(notes), mixed=mixed
    )


async def _on_disk(store: Shelf, found: dict[Kind, StoredFile], admitted: dict[Kind, StoredFile]) -> Copy:
    used = await asyncio.to_thread(_last_use, [store.root / file.key for file in found.values()])
    vouchers = [file.voucher for kind, file in sorted(found.items(), reverse=True)]
    best = next((one for one in vouchers if database_of(one)), vouchers[0])
    note = "" if len(admitted) == len(found) else "some of it was let in by older rules, and is fetched anew"
    return Copy(
        place="disk",
        kinds=tuple(kind.value for kind in found),
        size_bytes=sum(file.size for file in found.values()),
        since=moment(min(file.modified for file in found.values())),
        used=moment(used) if used else None,
        came_from=source_in_words(best),
        vouched_by=voucher_in_words(best),
        note=note,
    )


def _last_use(paths: list[Path]) -> float:
    newest = 0.0
    for path in paths:
        with contextlib.suppress(OSError):  # it is not on the disk yet, or not any more
            newest = max(newest, path.stat().st_atime)
    return newest


async def _in_depot(mixed: MixedModules, info: Target, *, named: bool) -> Copy | None:
    found = await mixed.shelf.find(info.path, Version(info.version))
    if found is None:
        return None
    if isinstance(found, Deleted):
        by = f" by {found.stone.by}" if named and found.stone.by else ""
        return Copy(place="depot", since=moment(found.stone.at), note=f"it was deleted from this fleet{by}")
    claim = await mixed.shelf.claim_of(info.path, Version(info.version), found.life)
    publisher = claim.by if named and claim.by else "its publisher"
    return Copy(
        place="depot",
        kinds=tuple(kind.value for kind in FILES),
        size_bytes=claim.size,
        since=moment(claim.at),
        came_from=_CAME_FROM[CameFrom.HOSTED],
        vouched_by=publisher,
    )


async def _in_object_store(bucket: Bucket, files: dict[Kind, Target]) -> list[Copy]:
    heads = {kind: await bucket.head(target.key) for kind, target in files.items()}
    there = {kind: head for kind, head in heads.items() if head is not None}
    if not there:
        return []
    records = [record for _, record in there.values() if record is not None]
    vouchers = [record.voucher for record in records]
    best = next((one for one in vouchers if database_of(one)), vouchers[0] if vouchers else "")
    return [
        Copy(
            place="objectStore",
            kinds=tuple(kind.value for kind in there),
            size_bytes=sum(size for size, _ in there.values()),
            came_from=source_in_words(best),
            vouched_by=voucher_in_words(best),
        )
    ]
