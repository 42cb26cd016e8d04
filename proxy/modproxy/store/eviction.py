"""Removal of the least recently used files, by the access times that the store sets. All of it blocks, except
`threshold`.

Memory does not grow with the number of files: a first walk sums up sizes by the minute of the last use, and a second
walk removes the files whose last use is not after the minute that the sums lead to.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

DIRHASH_SUFFIX = ".ziphash"
"""The suffix of the file beside a zip that has the zip's `h1:` hash, as in the go command's module cache. The file is
removed with its zip.
"""
PRIVATE = ".modproxy"
"""The folder below the root whose files are not served."""
_BUCKET_SECONDS = 60


class Gone(NamedTuple):
    """Names a file that was removed, and its size in bytes."""

    key: str
    size: int


def threshold(sizes: Mapping[int, int], wanted: int) -> int:
    """Return the last bucket whose files have to be removed so that at least `wanted` bytes become free. Pure.

    `sizes` are bytes by bucket of last use. Returns -1 when no file has to be removed.
    """
    if wanted <= 0:
        return -1
    total = 0
    last = -1
    for bucket in sorted(sizes):
        total += sizes[bucket]
        last = bucket
        if total >= wanted:
            break
    return last


def evict(root: Path, wanted: int) -> Iterator[Gone]:
    """Remove the least recently used files until `wanted` bytes have become free, and yield each file after its
    removal.

    Within a bucket of `_BUCKET_SECONDS` the order is that of the walk. Blocks for long; raises `OSError`.
    """
    sizes: dict[int, int] = defaultdict(int)
    for entry in walk(root):
        status = _stat(entry)
        if status is not None and not entry.name.endswith(DIRHASH_SUFFIX):
            sizes[_bucket(status.st_atime)] += status.st_size
    last = threshold(sizes, wanted)
    freed = 0
    for entry in walk(root):
        if freed >= wanted:
            break
        status = _stat(entry)
        if status is not None and _bucket(status.st_atime) <= last:
            for gone in _remove(root, entry, status.st_size):
                freed += gone.size
                yield gone


def evict_unused(root: Path, before: float) -> Iterator[Gone]:
    """Remove the files that were not used since `before` (seconds since the epoch), and yield each after its removal.

    Blocks for long; raises `OSError`.
    """
    for entry in walk(root):
        status = _stat(entry)
        if status is not None and status.st_atime < before:
            yield from _remove(root, entry, status.st_size)


def _bucket(seconds: float) -> int:
    return max(0, int(seconds // _BUCKET_SECONDS))


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _remove(root: Path, entry: os.DirEntry[str], size: int) -> Iterator[Gone]:
    """Remove a file, and after a zip its hash. A hash is never removed before its zip."""
    if entry.name.endswith(DIRHASH_SUFFIX):
        return
    try:
        os.unlink(entry.path)  # noqa: PTH108 - a Path for each of a million files takes long
        yield Gone(key_of(root, entry), size)
        if entry.name.endswith(".zip"):
            beside = Path(entry.path).with_suffix(DIRHASH_SUFFIX)
            hash_size = beside.stat().st_size
            beside.unlink()
            yield Gone(key_of(root, entry).removesuffix(".zip") + DIRHASH_SUFFIX, hash_size)
    except FileNotFoundError:
        return


def key_of(root: Path, entry: os.DirEntry[str]) -> str:
    """Return the key of a file that `walk` found below `root`."""
    return entry.path[len(os.fspath(root)) + 1 :]


def walk(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield every file below `root`, except those of the private folder.

    Folders that vanish meanwhile are skipped, and so are unreadable folders, such as `lost+found` of a file system.
    """
    pending = [os.fspath(root)]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except (FileNotFoundError, PermissionError):
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != PRIVATE or folder != os.fspath(root):
                    pending.append(entry.path)
            else:
                yield entry
