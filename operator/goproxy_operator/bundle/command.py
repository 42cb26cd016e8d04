"""`goproxy-operator bundle`: which command does what."""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from goproxy_operator.bundle.arguments import StoredPlace, add_arguments
from goproxy_operator.bundle.gathering import ToBundle
from goproxy_operator.bundle.held import read_held
from goproxy_operator.bundle.log_reader import LogReader
from goproxy_operator.bundle.making import LeftOut, Made, Maker, predecessor_of
from goproxy_operator.bundle.moving.bucket import BucketOrigin
from goproxy_operator.bundle.moving.layouts import Layout
from goproxy_operator.bundle.moving.stored import Stored, StoredOrigin, folder_files, read_stored
from goproxy_operator.bundle.origin import FleetOrigin, FolderOrigin, Origin
from goproxy_operator.bundle.sending import Imported, send_bundle
from goproxy_operator.bundle.verifying import verify, words_of
from goproxy_operator.client.arguments import Asking, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_FAILED, ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient
from modproxy.mod.go_sum import GoSumError, Summed, parse_go_sum

_LARGEST_GO_SUM = 64 << 20


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: list[str]) -> int:
    """Run `bundle`. Returns the exit status."""
    add_arguments(command)
    read = parser.parse_args(arguments)
    if read.bundle_command == "verify":
        return run_command(verify(read.file, read.sumdb, listed=read.list))
    return run_command(_export(read) if read.bundle_command == "export" else _import(read))


async def _export(read: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        client: FleetClient | None = None
        if isinstance(read.fleet, Path):
            origin: Origin = FolderOrigin(read.fleet)
        else:
            client = await stack.enter_async_context(FleetClient(asking_of(read)))
            origin = FleetOrigin(client)
        wanted = await _wanted(read, client)
        maker = await stack.enter_async_context(_maker(read, origin, client, read.output))
        if read.after is not None:
            has = predecessor_of(read.after, read.sumdb)[1]
            wanted = [one for one in wanted if str(one) not in has]
        made = await maker.make(wanted, all_or_nothing=read.go_sum is not None)
    if made.manifest is None:
        raise ClientError(f"no bundle was made: {_refusals(made.left_out)}")
    _say(f"{read.output}: {words_of(made.manifest)}")
    return _status(made.left_out, "left out")


async def _wanted(read: argparse.Namespace, client: FleetClient | None) -> list[ToBundle]:
    if read.go_sum is not None:
        return [
            ToBundle(one.path, one.version, bool(one.zip_hash), one.mod_hash, one.zip_hash)
            for one in await asyncio.to_thread(_read_go_sums, read.go_sum)
        ]
    if client is not None:
        return await read_held(client, read.since or "")
    if read.since is not None:
        raise UsageError("--since asks a fleet, and a folder tells no times: use --all")
    inner, paths = await asyncio.to_thread(folder_files, Layout.GOPROXY, read.fleet)
    return (await read_stored(Layout.GOPROXY, inner, paths))[1].wanted


def _read_go_sums(files: Iterable[Path]) -> list[Summed]:
    found: dict[tuple[str, str], Summed] = {}
    for file in files:
        try:
            if file.stat().st_size > _LARGEST_GO_SUM:
                raise UsageError(f"{file}: it is too large for a go.sum file")
            summed = parse_go_sum(file.read_text())
        except GoSumError as e:
            raise UsageError(f"{file}: {e}") from None
        except UnicodeDecodeError:
            raise UsageError(f"{file}: it is no text") from None
        except OSError as e:
            raise UsageError(f"{file}: {e.strerror}") from None
        for one in summed:
            known = found.setdefault((one.path, one.version), one)
            for what in ("mod_hash", "zip_hash"):
                before, now = getattr(known, what), getattr(one, what)
                if before and now and before != now:
                    raise UsageError(f"{file}: {one.path}@{one.version} has another hash than in a go.sum before it")
                setattr(known, what, before or now)
    return sorted(found.values(), key=lambda one: (one.path, one.version))


@asynccontextmanager
async def _maker(
    read: argparse.Namespace, origin: Origin, client: FleetClient | None, output: Path
) -> AsyncIterator[Maker]:
    """Return what makes the bundle, while the server of the checksum database is open."""
    after = predecessor_of(read.after, read.sumdb)[0] if read.after is not None else None
    if after is not None and read.no_sumdb:
        raise UsageError("--after goes on from the log of the checksum database, and --no-sumdb reads none of it")
    async with AsyncExitStack() as stack:
        log: LogReader | None = None
        if not read.no_sumdb:
            source: Origin = FleetOrigin(client) if client is not None else origin
            if read.sumdb_from is not None:
                asking = Asking(read.sumdb_from, None, read.ca_file, read.allow_http)
                source = FleetOrigin(await stack.enter_async_context(FleetClient(asking)))
            log = LogReader(source, read.sumdb)
            await log.begin()
        yield Maker(origin, log, read.sumdb, output, private=read.private, after=after, quiet=read.quiet)


async def _import(read: argparse.Namespace) -> int:
    if (read.file is None) == (read.stored is None):
        raise UsageError("name a bundle, or what to move in with --from")
    if read.stored is None and read.output is not None:
        raise UsageError("-o goes with --from: the bundle is there already")
    if (read.fleet is None) == (read.output is None):
        raise UsageError(
            "say with --to URL which fleet takes it" + (", or with -o FILE where it is written" if read.stored else "")
        )
    async with AsyncExitStack() as stack:
        client = None
        if read.fleet is not None:
            client = await stack.enter_async_context(FleetClient(asking_of(read)))
        if read.stored is None and client is not None:
            imported = await send_bundle(client, read.file, quiet=read.quiet)
            return _tell_import(read, imported, Stored(), None)
        return await _move_in(read, client)


async def _move_in(read: argparse.Namespace, client: FleetClient | None) -> int:
    if client is None and read.sumdb_from is None and not read.no_sumdb:
        raise UsageError("say with --sumdb-from URL who serves the checksum database, or write --no-sumdb")
    origin, stored = await _read_stored(read.stored)
    with contextlib.ExitStack() as folders:
        output = read.output
        if output is None:
            output = Path(folders.enter_context(tempfile.TemporaryDirectory(prefix="bundle-"))) / "stored.bundle"
        async with _maker(read, origin, client, output) as maker:
            made = await maker.make(stored.wanted, all_or_nothing=False)
        stored.left_out += made.left_out
        imported = None
        if client is not None and made.manifest is not None:
            imported = await send_bundle(client, output, quiet=read.quiet)
    return _tell_import(read, imported, stored, made)


async def _read_stored(place: StoredPlace) -> tuple[StoredOrigin, Stored]:
    if place.is_bucket:
        bucket = BucketOrigin(place.place)
        return await read_stored(place.layout, bucket, await bucket.paths())
    folder, paths = await asyncio.to_thread(folder_files, place.layout, Path(place.place))
    return await read_stored(place.layout, folder, paths)


def _tell_import(read: argparse.Namespace, imported: Imported | None, stored: Stored, made: Made | None) -> int:
    refused = [*stored.left_out, *(imported.refused if imported else [])]
    if read.report is not None:
        report = {
            "imported": imported.imported if imported else 0,
            "same": imported.same if imported else 0,
            "bundled": len(made.manifest.versions) if made is not None and made.manifest is not None else None,
            "madeInfo": stored.made_infos,
            "refused": [{"what": one.version, "reason": one.reason} for one in refused],
        }
        try:
            read.report.write_text(json.dumps(report, indent=2) + "\n")
        except OSError as e:
            raise ClientError(f"{read.report}: {e.strerror}") from None
    if stored.made_infos:
        _say(f"{len(stored.made_infos)} versions had no .info, which was made for them")
    if imported is not None:
        _say(f"{imported.imported} versions are new in the fleet, {imported.same} were there already")
    elif made is not None and made.manifest is not None:
        _say(f"{read.output}: {words_of(made.manifest)}")
    return _status(refused, "refused")


def _refusals(left_out: list[LeftOut]) -> str:
    shown = "\n".join(f"  {one.version}: {one.reason}" for one in left_out[:20])
    return f"{len(left_out)} versions cannot be had\n{shown}"


def _status(left_out: list[LeftOut], what: str) -> int:
    if not left_out:
        return EXIT_DONE
    _say(f"{len(left_out)} {what}:")
    for one in left_out:
        _say(f"  {one.version}: {one.reason}")
    return EXIT_FAILED


def _say(line: str) -> None:
    print(line, file=sys.stderr)
