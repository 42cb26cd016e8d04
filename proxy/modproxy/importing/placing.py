"""The putting of a bundle's files into the depot, under the keys by which the sources look for them there.

A file that is there with the same content stays as it is. The order is: what proves versions before the versions, and
of a version the `.info` last.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from modproxy.bucket.depot import Depot
from modproxy.bucket.record import ObjectRecord
from modproxy.importing.judging import Rejected, Taken, Way
from modproxy.mod.bundle.manifest import BundledFile, BundledVersion
from modproxy.mod.bundle.names import LARGEST_OF_DATABASE, files_of, read_name
from modproxy.mod.bundle.reading import CheckedBundle, part_of
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.sumdb import Database, SumdbTarget, lookup_target
from modproxy.mod.target import Kind, Target
from modproxy.mod.tlog import LogError, Tree, parse_tree
from modproxy.mod.vouching import CameFrom, voucher

_OTHER = "the fleet has this version with another content, and a version never changes"
Told = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is to do."""


class Publications(Protocol):
    """Publishes versions to the fleet, as a publisher does."""

    async def restore(
        self, version: BundledVersion, info: bytes, go_mod: bytes, zip_file: "OpenedFile", *, mixed: bool
    ) -> bool:
        """Publish a version for good. Returns whether it is new. Raises `NotRestored`, and `BucketError`."""
        ...


class NotRestored(Exception):
    """A version cannot be published; the message says why."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """Says what a file of the bundle is, and opens it."""

    size: int
    sha256: str
    open: Callable[[], BinaryIO]


class Placing:
    """Puts one bundle into the depot. `admits` says whether a file with a voucher is served under the rules."""

    def __init__(
        self,
        depot: Depot,
        publications: Publications,
        path: Path,
        checked: CheckedBundle,
        admits: Callable[[Target, str], bool],
    ) -> None:
        self._depot, self._publications = depot, publications
        self._path, self._checked = path, checked
        self._admits = admits
        self._files = {file.name: file for file in checked.manifest.files}
        self._now = time.time()

    def size_of(self, taken: Sequence[Taken]) -> int:
        """Return how many bytes the depot needs for versions, and for the tiles of the database."""
        keys = {Target(v.module, v.version, kind).key for v in (one.version for one in taken) for kind in files_of(v)}
        return sum(file.size for name, file in self._files.items() if name in keys or name.startswith("sumdb/"))

    async def compare(self, taken: Taken) -> bool | Rejected:
        """Say whether a version is in the depot already; `Rejected` where it is there with another content."""
        if taken.way is Way.HOSTED:
            return False  # its claim decides
        same = True
        for kind in files_of(taken.version):
            there = await self._there(taken, kind)
            if isinstance(there, Rejected):
                return there
            same = same and there
        return same

    async def _there(self, taken: Taken, kind: Kind) -> bool | Rejected:
        target = Target(taken.version.module, taken.version.version, kind)
        found = await self._depot.head(target.key)
        if found is None or found[1] is None or found[0] != found[1].size or not self._admits(target, found[1].voucher):
            return False  # nothing is there that would be served
        record, file = found[1], self._files[target.key]
        if kind is Kind.INFO:
            return True  # two origins write different ones
        alike = record.dirhash == taken.version.zip if kind is Kind.ZIP else record.sha256 == file.sha256.hex()
        if alike:
            return True
        return Rejected(taken.version, _OTHER) if taken.way is Way.TRUSTED else False

    async def place_version(self, taken: Taken, database: str | None) -> bool | Rejected:
        """Put a version into the depot. Returns whether something is new. Raises `BucketError` and `OSError`."""
        if taken.way is Way.HOSTED:
            return await self._publish(taken)
        new = False
        if taken.way is Way.PROVED and database is not None:
            target = lookup_target(database, taken.version.module, taken.version.version)
            new = await self._place_of_database(target, database, taken.voucher.partition(" ")[2])
        for kind in reversed(files_of(taken.version)):
            if await self._there(taken, kind) is True:
                continue
            target_of = Target(taken.version.module, taken.version.version, kind)
            await self._put(target_of.key, target_of.key, taken.voucher, taken.version.zip if kind is Kind.ZIP else "")
            new = True
        return new

    async def _publish(self, taken: Taken) -> bool | Rejected:
        version = taken.version
        names = {kind: Target(version.module, version.version, kind).key for kind in files_of(version)}
        file = self._files[names[Kind.ZIP]]
        try:
            return await self._publications.restore(
                version,
                await asyncio.to_thread(self._read, names[Kind.INFO]),
                await asyncio.to_thread(self._read, names[Kind.MOD]),
                OpenedFile(file.size, file.sha256.hex(), lambda: self._open(file.name)),
                mixed=not taken.alone,
            )
        except NotRestored as e:
            return Rejected(version, str(e))

    async def place_log(self, database: Database, told: Told) -> None:
        """Put the tiles into the depot, and the tree head where it is newer than the one there."""
        tiles = [name for name in self._files if name.startswith(f"sumdb/{database.name}/tile/")]
        for done, name in enumerate(tiles):
            target = read_name(name, database.name)
            if isinstance(target, SumdbTarget):
                await self._place_of_database(target, name, database.id, held=True)
            told("tiles", done + 1, len(tiles))

    async def place_head(self, database: Database) -> None:
        """Put the tree head into the depot, if it is newer than the one there."""
        name, tree = f"sumdb/{database.name}/latest", self._checked.tree
        target = SumdbTarget(database.name, "latest", Kind.TREE)
        held = await head_in(self._depot, database)
        if tree is not None and (held is None or held.size < tree.size):
            await self._put(target.key, name, voucher(CameFrom.DATABASE, database.id))

    async def _place_of_database(
        self, target: SumdbTarget, database: str, database_id: str, *, held: bool = False
    ) -> bool:
        file = self._files[target.url_path]
        found = await self._depot.head(target.key)
        # A record differs by its tree head from one that is held; the one that is held was proved too.
        if found is not None and found[1] is not None and (not held or found[1].sha256 == file.sha256.hex()):
            return False
        await self._put(target.key, target.url_path, voucher(CameFrom.DATABASE, database_id))
        return True

    async def _put(self, key: str, name: str, vouched: str, dirhash: str = "") -> None:
        file: BundledFile = self._files[name]
        record = ObjectRecord(file.size, file.sha256.hex(), self._now, vouched, dirhash)
        opened = await asyncio.to_thread(self._open, name)
        try:
            await self._depot.put_file(key, opened, record)
        finally:
            opened.close()

    def _open(self, name: str) -> BinaryIO:
        return part_of(self._path.open("rb"), self._checked.places[name], owned=True)

    def _read(self, name: str) -> bytes:
        with self._open(name) as file:
            return file.read()


async def head_in(depot: Depot, database: Database) -> Tree | None:
    """Return the newest tree head that the depot has of a database. Raises `BucketError`."""
    found = await depot.read(SumdbTarget(database.name, "latest", Kind.TREE).key, LARGEST_OF_DATABASE)
    try:
        return None if found is None else parse_tree(open_note(found.body, database.key))
    except (NoteError, LogError):
        return None
