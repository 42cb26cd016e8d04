"""The making of a bundle from a folder of files: what else goes into it, and its manifest.

The folder has the files of the versions under the names that they have in the bundle. The records of the checksum
database get one and the same tree head, so that whoever reads several of them has to compare no two heads: a record is
proved by any signed tree that has it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modproxy.mod.bundle.log_tiles import followed, own_tiles, renewed_tiles
from modproxy.mod.bundle.manifest import BundledFile, BundledLog, BundledVersion, BundleManifest, Standing
from modproxy.mod.bundle.names import expected_names, list_of
from modproxy.mod.sumdb import lookup_target, supported_target, tile_target
from modproxy.mod.target import Kind, Target
from modproxy.mod.tlog import Record, Tile, Tree
from modproxy.mod.version import is_pseudo

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The bundle that another one goes on from."""

    log: BundledLog
    tree: Tree


@dataclass(frozen=True, slots=True)
class LogPart:
    """Says what of the checksum database's log goes into a bundle."""

    log: BundledLog
    tiles: frozenset[Tile]
    """Those that have to be in the folder."""


def part_of_log(
    database: str, head: str, tree: Tree, records: Iterable[Record], after: Predecessor | None = None
) -> LogPart:
    """Return what a bundle needs of the log of a database. `head` is the signed note of `tree`."""
    numbers = [record.number for record in records]
    tiles = own_tiles(tree, numbers, after.tree.size if after else None)
    if after is not None:
        tiles |= renewed_tiles(tree, after.tree, after.log)
    leaves, before = followed(numbers, after.log if after else None, after.tree if after else None)
    return LogPart(BundledLog(database, head, leaves, before), frozenset(tiles))


def finish_folder(
    folder: Path,
    exported: str,
    versions: Sequence[BundledVersion],
    records: Mapping[tuple[str, str], Record],
    part: LogPart | None,
) -> BundleManifest:
    """Write the lists, the records and the tree head into the folder, and return the manifest of all of it.

    `records` has those of the public versions, by path and version. Blocks, because every file is hashed.
    """
    versions = sorted(versions)
    names = expected_names(BundleManifest(exported, None, versions, ()))
    of_module: dict[Target, list[BundledVersion]] = {}
    for version in versions:
        if version.zip and not is_pseudo(version.version):
            of_module.setdefault(Target(version.module, "", Kind.LIST), []).append(version)
    for target, listed in of_module.items():
        _write(folder / target.key, list_of(listed))
    if part is not None:
        names |= _write_log(folder, versions, records, part)
    files = [_file(folder, name) for name in sorted(names)]
    return BundleManifest(exported, part.log if part is not None else None, versions, files)


def _write_log(
    folder: Path, versions: Sequence[BundledVersion], records: Mapping[tuple[str, str], Record], part: LogPart
) -> set[str]:
    database, head = part.log.name, part.log.head.encode()
    bodies = {supported_target(database).url_path: b"", f"sumdb/{database}/latest": head}
    for version in versions:
        if version.standing is Standing.PUBLIC:
            record = records[version.module, version.version]
            name = lookup_target(database, version.module, version.version).url_path
            bodies[name] = b"%d\n%b\n%b" % (record.number, record.text, head)
    for name, body in bodies.items():
        _write(folder / name, body)
    return bodies.keys() | {tile_target(database, tile.path).url_path for tile in part.tiles}


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _file(folder: Path, name: str) -> BundledFile:
    digest, size = hashlib.sha256(), 0
    with (folder / name).open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return BundledFile(name, size, digest.digest())
