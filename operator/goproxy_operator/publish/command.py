"""`goproxy-operator publish [DIR] --version v1.2.3 --to URL`."""

import argparse
import asyncio
import hashlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from goproxy_operator.client.arguments import add_fleet_arguments, asking_of
from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient, Refused
from goproxy_operator.client.progress import Progress, progress
from goproxy_operator.publish.commit import check_clean, check_tag, find_commit, tree_of_commit
from goproxy_operator.publish.tree import Tree, read_file, shown_faults, tree_of_folder
from modproxy.mod.archive import LARGEST_GO_MOD, LARGEST_ZIP, ArchiveError, check_carefully
from modproxy.mod.go_mod import GoModError, parse_go_mod
from modproxy.mod.path import ModulePath, PathError, check_path
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, VersionError, check_version
from modproxy.mod.zip_making import Chosen, choose, write_zip

_PIECE = 256 << 10
_HELP = """\
Publish a version of a module to a fleet that hosts modules (spec.hosted), for which you need the verb publish.

In a repository of git the files of the commit are published on which the work stands, so that nothing goes in that git
ignores. Elsewhere, and with --worktree, the files of the folder are published as they are. Other modules below the
folder, vendored packages, folders of version control and symbolic links are left out, as the go command does it.
A version is published once, for ever: the same bytes may be sent again, other bytes are refused.

examples:
  goproxy-operator publish --version v1.2.3 --to https://goproxy.example.com --dry-run
      show which files would go in, and send nothing
  goproxy-operator publish ./client --version v1.2.3 --to https://goproxy.example.com
      publish the module in a folder; its go.mod says what it is called
  goproxy-operator publish --version "$CI_COMMIT_TAG" --to "$GOPROXY" --token-file /run/secrets/token
      in a CI job
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `publish`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("dir", nargs="?", type=Path, default=Path(), metavar="DIR", help="the module (default: .)")
    command.add_argument("--version", required=True, metavar="VERSION", help="the version to publish, such as v1.2.3")
    add_fleet_arguments(command, "--to", "the fleet, as GOPROXY names it", required=False)
    command.add_argument("--module", metavar="PATH", help="the module's path, where the folder has no go.mod")
    command.add_argument("--worktree", action="store_true", help="publish the files on the disk, and no commit of git")
    command.add_argument("--dry-run", action="store_true", help="show what would go in, and send nothing")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the zip to a file, and send nothing")
    command.add_argument("--json", action="store_true", help="say what was done as a JSON object")
    command.add_argument("--quiet", action="store_true", help="show no progress and no list of files")
    read = parser.parse_args(arguments)
    if read.fleet is None and not read.dry_run and read.output is None:
        command.error("nothing says where to publish: write --to URL, or --dry-run, or --output FILE")
    return run_command(_publish(read))


@dataclass(frozen=True, slots=True)
class Packed:
    """Carries a module that was packed."""

    path: ModulePath
    version: Version
    chosen: Chosen
    omitted: Sequence[tuple[str, str]]
    commit: str | None
    size: int
    """Bytes of the zip."""
    sha256: str
    dirhash: str

    def summary(self, outcome: str) -> Mapping[str, object]:
        """Return what `--json` prints."""
        return {
            "module": self.path,
            "version": self.version,
            "outcome": outcome,
            "files": len(self.chosen.files),
            "bytes": self.size,
            "sha256": self.sha256,
            "h1": self.dirhash,
            "commit": self.commit,
        }


async def _publish(read: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="goproxy-publish-") as scratch:
        made = Path(scratch) / "module.zip"
        packed = await asyncio.to_thread(_pack, read, made, Path(scratch))
        if not read.quiet and not read.json:
            _show(packed, whole=read.dry_run)
        outcome = "packed"
        if read.output is not None:
            await asyncio.to_thread(_keep, made, read.output)
        elif not read.dry_run:
            async with FleetClient(asking_of(read)) as client:
                with progress(f"{packed.path}@{packed.version}", in_bytes=True, quiet=read.quiet) as bar:
                    outcome = await _send(client, packed, made, bar)
        if read.json:
            print(json.dumps(packed.summary(outcome)))
        elif outcome != "packed":
            was = "is published" if outcome == "published" else "was published before, with the same files"
            print(f"{packed.path}@{packed.version} {was}: {packed.dirhash}")
    return EXIT_DONE


def _pack(read: argparse.Namespace, made: Path, scratch: Path) -> Packed:
    """Write the zip to `made`. Raises `ClientError`."""
    tree, commit = _tree(read, scratch)
    path, version, go_version = _named(tree, read)
    chosen = choose(tree.members, go_version)
    if chosen.faults:
        raise ClientError(f"{path}@{version} cannot be packed:\n{shown_faults(chosen.faults)}")
    try:
        with made.open("w+b") as file:
            write_zip(file, f"{path}@{version}", ((member.path, tree.opens[member.path]) for member in chosen.files))
            file.seek(0)
            dirhash = check_carefully(file, path, version)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256")
            size = file.tell()
    except ArchiveError as e:
        raise ClientError(f"{path}@{version} cannot be packed: {e}") from None
    except OSError as e:
        raise ClientError(f"the zip cannot be written: {e.strerror}") from None
    return Packed(path, version, chosen, [*tree.omitted, *chosen.omitted], commit, size, digest.hexdigest(), dirhash)


def _tree(read: argparse.Namespace, scratch: Path) -> tuple[Tree, str | None]:
    at = None if read.worktree or not read.dir.is_dir() else find_commit(read.dir)
    if at is None:
        return tree_of_folder(read.dir), None
    check_clean(at)
    check_tag(at, read.version)
    (unpacked := scratch / "tree").mkdir()
    return tree_of_commit(at, unpacked), at.commit


def _named(tree: Tree, read: argparse.Namespace) -> tuple[ModulePath, Version, str]:
    """Return the path and the version of the module, and the version of the language that it names."""
    content, written, go_version = read_file(tree, "go.mod", LARGEST_GO_MOD), read.module, ""
    if content is not None:
        try:
            go_mod = parse_go_mod(content.decode())
        except (GoModError, UnicodeDecodeError) as e:
            raise ClientError(f"{read.dir / 'go.mod'}: {e}") from None
        if written is not None and written != go_mod.module:
            raise UsageError(f"--module {written} is not what go.mod says: the module is called {go_mod.module}")
        written, go_version = go_mod.module, go_mod.go
    if written is None:
        raise UsageError(f"{read.dir} has no go.mod: name the folder that has one, or the module's path with --module")
    try:
        path = check_path(written)
        return path, check_version(path, read.version), go_version
    except PathError as e:
        raise ClientError(f"no fleet can serve this module: {e}") from None
    except VersionError as e:
        raise UsageError(f"--version: {e}") from None


def _show(packed: Packed, *, whole: bool) -> None:
    if whole:
        for member in packed.chosen.files:
            print(f"{member.size:>12}  {member.path}")
    for path, reason in packed.omitted if whole else ():
        print(f"{'left out':>12}  {path}: {reason}")
    what = f"{len(packed.chosen.files)} files of {packed.chosen.size} bytes, {packed.size} bytes packed"
    of = f" of commit {packed.commit[:12]}" if packed.commit else ""
    left = f", {len(packed.omitted)} left out" if packed.omitted else ""
    print(f"{packed.path}@{packed.version}: {what}{of}{left}", file=sys.stdout if whole else sys.stderr)


def _keep(made: Path, output: Path) -> None:
    try:
        output.write_bytes(made.read_bytes())
    except OSError as e:
        raise ClientError(f"--output {output}: {e.strerror}") from None


async def _send(client: FleetClient, packed: Packed, made: Path, bar: Progress) -> str:
    """Publish the zip. Returns the outcome. Raises `ClientError`."""
    bar.total(packed.size)

    async def body() -> AsyncIterator[bytes]:
        sent = 0
        with made.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
                sent += len(piece)
                bar.at(sent)

    key = Target(packed.path, packed.version, Kind.ZIP).key
    headers = {
        "Content-Type": "application/zip",
        "Content-Length": str(packed.size),
        "X-Checksum-Sha256": packed.sha256,
    }
    try:
        async with client.request("PUT", key, body=body(), headers=headers) as response:
            return "published" if response.status == HTTPStatus.CREATED else "unchanged"
    except Refused as e:
        if e.status_code == HTTPStatus.CONFLICT and await _has_same_files(client, key, packed):
            return "unchanged"
        raise


async def _has_same_files(client: FleetClient, key: str, packed: Packed) -> bool:
    """Say whether the version was published with the same files, packed by another program or another zlib."""
    with tempfile.TemporaryFile() as there:
        try:
            async with client.request("GET", key) as response:
                async for piece in response.content.iter_any():
                    there.write(piece)
                    if there.tell() > LARGEST_ZIP:
                        return False
            return await asyncio.to_thread(check_carefully, there, packed.path, packed.version) == packed.dirhash
        except (ClientError, ArchiveError):
            return False
