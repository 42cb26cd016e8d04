"""Stored files of another proxy, put together to versions, as an origin of a bundle."""

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from goproxy_operator.bundle.gathering import ToBundle
from goproxy_operator.bundle.making import LeftOut
from goproxy_operator.bundle.moving.layouts import Layout, NoFileOfVersion, StoredFile, read_path
from goproxy_operator.bundle.origin import FolderOrigin, Origin
from goproxy_operator.client.failure import ClientError, UsageError
from modproxy.mod.path import ModulePath
from modproxy.mod.target import Kind
from modproxy.mod.version import Version, is_pseudo, parse_semver

_LONGEST_HASH = 1000
Files = dict[Kind | None, str]
"""The paths of the files of a version."""


@dataclass(slots=True)
class Stored:
    """Says what was found."""

    wanted: list[ToBundle] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    made_infos: list[str] = field(default_factory=list)
    """Versions whose `.info` was missing, and was made."""


class StoredOrigin:
    """Reads the files of another layout under their names in a bundle."""

    def __init__(self, inner: Origin) -> None:
        self.name = inner.name
        self._inner = inner
        self.paths: dict[str, str] = {}
        self.made: dict[str, bytes] = {}

    async def read(self, path: str, largest: int) -> bytes | None:
        """Return a small file."""
        if path in self.made:
            return self.made[path]
        return await self._inner.read(self.paths[path], largest) if path in self.paths else None

    async def save(self, path: str, largest: int, to: Path) -> bool:
        """Copy a file."""
        if path in self.made:
            await asyncio.to_thread(to.write_bytes, self.made[path])
            return True
        return path in self.paths and await self._inner.save(self.paths[path], largest, to)


async def read_stored(layout: Layout, inner: Origin, paths: Iterable[str]) -> tuple[StoredOrigin, Stored]:
    """Put the files at these paths together to versions. Raises `ClientError`."""
    origin, found = StoredOrigin(inner), Stored()
    versions: dict[tuple[ModulePath, Version], Files] = defaultdict(dict)
    for path in sorted(paths):
        try:
            file = read_path(layout, path)
        except NoFileOfVersion as e:
            if e.worth_telling:
                found.left_out.append(LeftOut(path, str(e)))
            continue
        versions[file.module, file.version][file.kind] = path
        if file.kind is not None:
            origin.paths[file.key] = path
    for (module, version), files in sorted(versions.items()):
        name = f"{module}@{version}"
        whole = Kind.ZIP in files
        if reason := _lacks(layout, files):
            found.left_out.append(LeftOut(name, reason))
            continue
        if Kind.MOD not in files:
            continue  # the go command has asked for its time only
        if whole and Kind.INFO not in files:
            origin.made[StoredFile(module, version, Kind.INFO).key] = made_info(version)
            found.made_infos.append(name)
        found.wanted.append(
            ToBundle(
                module, version, whole, zip_hash=await _hash_beside(inner, files), said_by="the .ziphash file beside it"
            )
        )
    return origin, found


def _lacks(layout: Layout, files: Files) -> str:
    """Return why a version is not whole; nothing where it is, or where its owner keeps versions so."""
    if Kind.ZIP in files and Kind.MOD not in files:
        return "its go.mod file is missing: it is half written"
    if layout is Layout.MODULE_CACHE:
        return ""
    if Kind.ZIP not in files:
        had = ", ".join(sorted(f".{kind.value}" for kind in files if kind is not None))
        return f"its zip is missing, and there is only {had}: it is half written"
    return ""


async def _hash_beside(inner: Origin, files: Files) -> str:
    if None not in files or Kind.ZIP not in files:
        return ""
    body = await inner.read(files[None], _LONGEST_HASH)
    return (body or b"").decode(errors="replace").strip()


def made_info(version: Version) -> bytes:
    """Make an `.info`. It has a time where the version has one in its name: a go command needs none."""
    info = {"Version": str(version)}
    parsed = parse_semver(version)
    if parsed is not None and is_pseudo(version):
        stamp = parsed.prerelease.rpartition("-")[0][-14:]
        info["Time"] = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:14]}Z"
    return json.dumps(info, separators=(",", ":")).encode()


def folder_files(layout: Layout, folder: Path) -> tuple[FolderOrigin, list[str]]:
    """Return the files below a folder. Raises `ClientError`."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    if layout is Layout.MODULE_CACHE and (folder / "cache/download").is_dir():
        folder = folder / "cache/download"
    paths: list[str] = []

    def failed(error: OSError) -> None:
        raise ClientError(f"{error.filename}: {error.strerror}")

    for parent, _, names in os.walk(folder, onerror=failed):
        below = Path(parent).relative_to(folder)
        paths.extend((below / name).as_posix() for name in names)
    return FolderOrigin(folder), paths
