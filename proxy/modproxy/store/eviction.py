"""Which files go when there are too many bytes: the least recently used, by the access time that the store sets.

Nothing is kept in memory a file: one walk sums up sizes by minute of last use, a second one removes what is older than
the minute that those sums name. So a million files cost seconds of a thread, and no memory.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

DIRHASH_SUFFIX = ".ziphash"
"""Beside a zip: its `h1:` hash, as in a go command's own download cache. It comes and goes with its zip."""
PRIVATE = ".modproxy"
"""A folder below the root that is the store's own."""
_BUCKET_SECONDS = 60


class Gone(NamedTuple):
    """A file that was removed."""

    key: str
    size: int


def threshold(sizes: Mapping[int, int], wanted: int) -> int:
    """Return the bucket up to which, it included, files must go so that at least `wanted` bytes do. Pure.

    `sizes` are bytes by bucket of last use. -1 when nothing needs to go.
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
    """Remove the least recently used files until `wanted` bytes are free, at most a bucket more. Blocks for long.

    Each file is yielded when it has gone.
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
    """Remove what was not used since `before` (seconds since the epoch), and yield it. Blocks for long."""
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
    """Remove a file, and a zip's hash with it; a hash alone is left for its zip."""
    if entry.name.endswith(DIRHASH_SUFFIX):
        return
    try:
        os.unlink(entry.path)  # noqa: PTH108 - a million of these
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
    """Yield every file below `root`, the store's own folder left out. What vanishes meanwhile is passed over."""
    pending = [os.fspath(root)]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except FileNotFoundError:
            continue
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != PRIVATE or folder != os.fspath(root):
                    pending.append(entry.path)
            else:
                yield entry
