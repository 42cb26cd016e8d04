"""The making of a bundle: its files are gathered beside it, it is written and checked, and then put in its place."""

import asyncio
import contextlib
import datetime
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goproxy_operator.bundle.gathering import ToBundle, Unfitting, gather
from goproxy_operator.bundle.log_reader import LogReader
from goproxy_operator.bundle.origin import Origin
from goproxy_operator.bundle.together import together
from goproxy_operator.client.failure import ClientError
from goproxy_operator.client.progress import progress
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.composing import LogPart, Predecessor, finish_folder, part_of_log
from modproxy.mod.bundle.manifest import BundledVersion, BundleManifest, Standing
from modproxy.mod.bundle.proofs import prove_that_it_goes_on
from modproxy.mod.bundle.reading import check_bundle, manifest_of
from modproxy.mod.bundle.writing import write_bundle
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.sumdb import Database, hashes_of, tile_target
from modproxy.mod.tlog import LogError, Record, Tile, parse_tree


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Names a version that is not in the bundle, and says why."""

    version: str
    reason: str


@dataclass(slots=True)
class Made:
    """Says what came of the making of a bundle."""

    manifest: BundleManifest | None = None
    """None where no bundle was made."""
    left_out: list[LeftOut] = field(default_factory=list)


class Maker:
    """Makes one bundle. `log` is read for the records of public versions; None leaves all versions without one.

    Versions that `private` matches are not named to the database.
    """

    def __init__(
        self,
        origin: Origin,
        log: LogReader | None,
        database: Database,
        out: Path,
        *,
        private: Sequence[Pattern] = (),
        after: Predecessor | None = None,
        quiet: bool = False,
    ) -> None:
        self._origin, self._log, self._database, self._after = origin, log, database, after
        self._out = out
        self._folder = out.with_name(f"{out.name}.parts")
        """What is gathered. It is used again by the next command when this one is interrupted."""
        self._private = private
        self._quiet = quiet
        self._records: dict[tuple[str, str], Record] = {}

    async def make(self, wanted: Sequence[ToBundle], *, all_or_nothing: bool) -> Made:
        """Make the bundle; with `all_or_nothing` only if every version can be had. Raises `ClientError`."""
        made = Made()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            versions = await self._gather(wanted, made.left_out)
            if self._log is not None:
                versions = await self._look_up(self._log, versions, made.left_out)
            if made.left_out and all_or_nothing:
                return made
            part = await self._log_part(self._log) if self._log is not None else None
            made.manifest = await asyncio.to_thread(self._write, versions, part)
        except BundleError as e:
            raise ClientError(f"no bundle was made: {e}") from None
        except OSError as e:
            raise ClientError(f"{e.filename or self._out}: {e.strerror}") from None
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
        return made

    async def _gather(self, wanted: Sequence[ToBundle], left_out: list[LeftOut]) -> list[BundledVersion]:
        found: list[BundledVersion] = []
        with progress("modules", in_bytes=False, quiet=self._quiet) as shown:
            shown.total(len(wanted))
            async for one, result in gather(self._origin, self._folder, wanted):
                if isinstance(result, Unfitting):
                    left_out.append(LeftOut(str(one), str(result)))
                    shown.tell(f"{one} is left out: {result}")
                else:
                    found.append(result)
                shown.at(len(found) + len(left_out), str(one))
        return sorted(found)

    async def _look_up(
        self, log: LogReader, versions: Sequence[BundledVersion], left_out: list[LeftOut]
    ) -> list[BundledVersion]:
        """Return the versions with their standing, without those that are not what the database vouches for."""

        async def looked_up(version: BundledVersion) -> BundledVersion | LeftOut:
            if version.standing is Standing.HOSTED or first_match(self._private, version.module) is not None:
                return version
            record = await log.record(version.module, version.version)
            if record is None:
                return version
            hashes = hashes_of(record.text, version.module, version.version)
            for what, found in ((f"{version.version}/go.mod", version.mod), (version.version, version.zip)):
                if found and hashes.get(what) != found:
                    name = self._database.name
                    words = f"SECURITY: it hashes to {found}, and checksum database {name} says {hashes.get(what)}"
                    return LeftOut(str(version), words)
            self._records[version.module, version.version] = record
            return version._replace(standing=Standing.PUBLIC)

        found: list[BundledVersion] = []
        with progress("records", in_bytes=False, quiet=self._quiet) as shown:
            shown.total(len(versions))
            async for result in together(versions, looked_up):
                if isinstance(result, LeftOut):
                    left_out.append(result)
                    shown.tell(f"{result.version} is left out: {result.reason}")
                else:
                    found.append(result)
                shown.at(len(found))
        return sorted(found)

    async def _log_part(self, log: LogReader) -> LogPart:
        tree, head = log.head
        after = self._after
        if after is not None and after.log.database != self._database.id:
            raise ClientError(f"the bundle of --after is of checksum database {after.log.database}")
        if after is not None and tree.size < after.tree.size:
            raise ClientError(f"the newest tree head that {self._origin.name} has is older than that of --after")
        part = part_of_log(self._database.id, head, tree, self._records.values(), after)
        with progress("tiles", in_bytes=False, quiet=self._quiet) as shown:
            shown.total(len(part.tiles))
            done = 0
            async for _ in together(part.tiles, lambda tile: log.save_tile(tile, self._folder)):
                done += 1
                shown.at(done)
        if after is not None:
            prove_that_it_goes_on(after.tree, tree, self._tile)
        return part

    def _tile(self, tile: Tile) -> bytes:
        return (self._folder / tile_target(self._database.name, tile.path).url_path).read_bytes()

    def _write(self, versions: Sequence[BundledVersion], part: LogPart | None) -> BundleManifest:
        """Write the bundle, check the whole of it as its importer will, and put it in its place."""
        manifest = finish_folder(self._folder, exported_now(), versions, self._records, part)
        draft = self._out.with_name(f"{self._out.name}.partial")
        try:
            with progress("writing", in_bytes=True, quiet=self._quiet) as shown, draft.open("w+b") as file:
                shown.total(sum(one.size for one in manifest.files))
                written = 0

                def told(more: int) -> None:
                    nonlocal written
                    written += more
                    shown.at(written)

                write_bundle(file, manifest, lambda name: (self._folder / name).open("rb"), told)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                check_bundle(file, self._database)
            draft.replace(self._out)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
            raise
        return manifest


def exported_now() -> str:
    """Return the time, or that of SOURCE_DATE_EPOCH, with which the same content gives the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isdigit() else int(time.time())
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def predecessor_of(file: Path, database: Database) -> tuple[Predecessor, set[str]]:
    """Read the bundle that another one goes on from, and the whole versions that it has. Raises `ClientError`."""
    try:
        with file.open("rb") as opened:
            manifest = manifest_of(opened)
        if manifest.log is None:
            raise ClientError(f"{file} has no checksum database, so no bundle can go on from it: leave out --after")
        tree = parse_tree(open_note(manifest.log.head.encode(), database.key))
    except (BundleError, NoteError, LogError) as e:
        raise ClientError(f"{file}: {e}") from None
    except OSError as e:
        raise ClientError(f"{file}: {e.strerror}") from None
    return Predecessor(manifest.log, tree), {str(version) for version in manifest.versions if version.zip}
