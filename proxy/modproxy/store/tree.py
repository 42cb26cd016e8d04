"""The layout of a disk store's folder: keys as paths, the hash beside a zip, the private folder. Walks of it block."""

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

DIRHASH_SUFFIX = ".ziphash"
"""The suffix of the file beside a zip that has the zip's `h1:` hash, as in the go command's module cache. The file is
removed with its zip.
"""
PRIVATE = ".modproxy"
"""The folder below the root whose files are not served."""


_LONGEST_NAME, _LONGEST_PATH = 255, 4000
"""Bytes that file systems take as a name, and as a path with room for the root."""


def may_be_key(text: str) -> bool:
    """Say whether a text that was read from a disk may be a key: a path below the root, outside of the private folder.

    What is read may have been damaged, and no path may lead elsewhere.
    """
    names = text.split("/")
    lawful = names[0] != PRIVATE and not {"", ".", ".."} & set(names) and "\0" not in text
    return lawful and len(text.encode()) <= _LONGEST_PATH and all(len(name.encode()) <= _LONGEST_NAME for name in names)


def is_zip(key: str) -> bool:
    """Say whether a hash stands beside the file."""
    return key.endswith(".zip")


def is_dirhash(key: str) -> bool:
    """Say whether the file is the hash of a zip, for which no client asks."""
    return key.endswith(DIRHASH_SUFFIX)


def dirhash_key(key: str) -> str:
    """Return the key of the hash of a zip."""
    return key.removesuffix(".zip") + DIRHASH_SUFFIX


def zip_key(key: str) -> str:
    """Return the key of the zip of which a file is the hash."""
    return key.removesuffix(DIRHASH_SUFFIX) + ".zip"


def key_of(root: Path, entry: os.DirEntry[str]) -> str:
    """Return the key of a file that `walk` found below `root`."""
    return entry.path[len(os.fspath(root)) + 1 :]


def walk(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield every file below `root`, except those of the private folder, in the order of `place`.

    Folders that vanish meanwhile are skipped, and so are unreadable folders, such as `lost+found` of a file system.
    """
    for entry in _sorted(os.fspath(root)):
        if entry.name != PRIVATE or not entry.is_dir(follow_symlinks=False):
            yield from _files_of(entry)


def _files_of(top: os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    pending = [top]
    while pending:
        entry = pending.pop()
        if entry.is_dir(follow_symlinks=False):
            pending.extend(reversed(_sorted(entry.path)))
        else:
            yield entry


def _sorted(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=attrgetter("name"))
    except (FileNotFoundError, PermissionError):
        return []


def place(key: str) -> list[str]:
    """Return what a key is sorted by in a walk: the names of its folders, and its own."""
    return key.split("/")
