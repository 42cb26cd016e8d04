"""A project to replay: its paths, and the folder with the right files."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from bench.upstream.made import LARGE, MadeModules, keys_of, make_large
from bench.upstream.made import keys as keys_of_made
from bench.upstream.recording import Recorder, RecordingError, find_way
from modproxy.mod.path import unescape
from tests.kubernetes.cache_folder import cache_folder

KUBERNETES = Path(__file__).with_name("kubernetes.txt")
_AT_ONCE = 8


@dataclass(frozen=True)
class Project:
    """Holds the paths in the order in which they are asked for, as the go command writes them in URLs (`%21` for `!`).

    The database `gosumdb` vouches for the files.
    """

    name: str
    paths: tuple[str, ...]
    folder: Path
    gosumdb: str

    @property
    def keys(self) -> list[str]:
        """The paths of the files below the folder."""
        return [unquote(path) for path in self.paths]

    @property
    def allow(self) -> tuple[str, ...]:
        """The allowlist that a team would write for it: patterns of its modules, the last element of each left out."""
        modules = {unescape(key.partition("/@")[0]) for key in self.keys}
        return tuple(sorted({"/".join(module.split("/")[:2]) for module in modules}))

    @property
    def packed_mb(self) -> float:
        """The megabytes (10^6) of all files."""
        return sum((self.folder / path).stat().st_size for path in self.keys) / 1e6

    @property
    def description(self) -> str:
        """Say how large it is."""
        zips = sum(path.endswith(".zip") for path in self.paths)
        return f"{len(self.paths)} files, {zips} zips, {self.packed_mb:.0f} MB"

    def write_paths(self, folder: Path) -> Path:
        """Write the list of paths for a program, and return the file."""
        file = folder / f"{self.name}.paths"
        file.write_text("".join(f"{path}\n" for path in self.paths))
        return file


async def recorded(listed: Path, say: Callable[[str], None]) -> Project:
    """Return a real project, whose files are downloaded now if they are not here.

    Raises `RecordingError` when the network or the setting of GOPROXY does not allow it.
    """
    paths = tuple(listed.read_text().split())
    folder = cache_folder() / "bench" / listed.stem
    async with Recorder(folder, way := await find_way()) as recorder:
        keys = [unquote(path) for path in paths]
        pending = [key for key in keys if not recorder.has(key)]
        done = len(keys) - len(pending)
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(key: str) -> None:
            nonlocal done
            async with slots:
                await recorder.record(key)
            done += 1
            say(f"downloading {listed.stem} once, through GOPROXY: {done} of {len(keys)} files")

        tasks = [asyncio.create_task(one(key)) for key in pending]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    project = Project(listed.stem, paths, folder, way.gosumdb)
    if absent := [key for key in project.keys if (folder / f"{key}.status").exists()]:
        raise RecordingError(f"GOPROXY does not have {absent[0]}")
    return project


def made(folder: Path, modules: int, entries: int, entry_bytes: int) -> Project:
    """Make a project of modules with many small files, for machines without a network."""
    content = MadeModules()
    content.add_many_entries(modules, entries, entry_bytes)
    content.write(folder)
    paths = [key for number in range(modules) for key in keys_of_made(number)]
    return Project("made", tuple(paths), folder, content.gosumdb)


def made_large(folder: Path, mebibytes: int) -> Project:
    """Make a project of one module with a large zip."""
    content = MadeModules()
    content.add_zip(LARGE, make_large(LARGE, mebibytes))
    content.write(folder)
    return Project("large", tuple(keys_of(LARGE)), folder, content.gosumdb)
