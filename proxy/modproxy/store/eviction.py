"""Removal of the least recently used files, by the access times that the store sets. All of it blocks, except
`threshold`.

Memory does not grow with the number of files: a first walk sums up sizes by the minute of the last use, and a second
walk removes the files whose last use is not after the minute that the sums lead to.

Files that another replica of the fleet owns are copies, and go before all others. Which files these are changes with
the fleet, so it is asked for each folder at the moment of the eviction.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from modproxy.store.tree import is_dirhash, key_of, walk

_BUCKET_SECONDS = 60
_MOST_FOLDERS = 4096
"""Folders of modules of which it is remembered whether their files are copies. A walk comes to a folder's files one
after the other.
"""


class Freed(NamedTuple):
    """Says how many files were removed, and how many bytes they had."""

    objects: int = 0
    size: int = 0

    def plus(self, other: "Freed") -> "Freed":
        """Return the sum of both."""
        return Freed(self.objects + other.objects, self.size + other.size)


Due = Callable[[os.stat_result], bool]
"""Says whether a file is to go, by its state at the last moment: it may have been used or replaced meanwhile."""
Remove = Callable[[str, Due], Freed]
"""Removes the file of a key, and after a zip its hash, if the file is still due. Returns what became free."""


IsCopy = Callable[[str], bool]
"""Says of a key whether another replica owns the file."""


def nothing_is_a_copy(_key: str) -> bool:
    """Say so of each file of a replica that shares nothing."""
    return False


def threshold(sizes: Mapping[int, int], wanted: float) -> int:
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


def evict(root: Path, remove: Remove, wanted: float, is_copy: IsCopy = nothing_is_a_copy) -> Freed:
    """Remove files until `wanted` bytes have become free: copies first, and of each group the least recently used ones.

    Within a bucket of `_BUCKET_SECONDS` the order is that of the walk. Blocks for long; raises `OSError`.
    """
    is_copy = _of_folder(is_copy)
    copies, originals = defaultdict[int, int](int), defaultdict[int, int](int)
    for entry in walk(root):
        status = _stat(entry)
        if status is not None and not is_dirhash(entry.name):
            (copies if is_copy(key_of(root, entry)) else originals)[_bucket(status)] += status.st_size
    last_copy = threshold(copies, wanted)
    freed = Freed()
    if last_copy >= 0:
        freed = _remove_all(root, remove, lambda status: _bucket(status) <= last_copy, wanted, is_copy)
    last = threshold(originals, wanted - sum(copies.values()))
    if last >= 0 and freed.size < wanted:
        still = wanted - freed.size
        freed = freed.plus(_remove_all(root, remove, lambda status: _bucket(status) <= last, still))
    return freed


def _of_folder(is_copy: IsCopy) -> IsCopy:
    """Ask once for all files of a module: the folder of its versions, or the record of a checksum database."""
    if is_copy is nothing_is_a_copy:
        return is_copy
    remembered = lru_cache(_MOST_FOLDERS)(is_copy)

    def asked(key: str) -> bool:
        folder, marker, _ = key.partition("/@")
        return remembered(folder + marker)

    return asked


def evict_unused(root: Path, remove: Remove, before: float) -> Freed:
    """Remove the files that were not used since `before` (seconds since the epoch).

    Blocks for long; raises `OSError`.
    """
    return _remove_all(root, remove, lambda status: status.st_atime < before, None)


def _remove_all(root: Path, remove: Remove, due: Due, wanted: float | None, chosen: IsCopy | None = None) -> Freed:
    freed = Freed()
    for entry in walk(root):
        if wanted is not None and freed.size >= wanted:
            break
        if is_dirhash(entry.name):
            continue  # a hash is removed with its zip, and never before it
        status, key = _stat(entry), key_of(root, entry)
        if status is not None and due(status) and (chosen is None or chosen(key)):
            freed = freed.plus(remove(key, due))
    return freed


def _bucket(status: os.stat_result) -> int:
    return max(0, int(status.st_atime // _BUCKET_SECONDS))


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
