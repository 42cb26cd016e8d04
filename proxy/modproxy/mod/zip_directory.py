"""Bounds on the directory of a zip: they are checked before a library reads the directory into memory.

`CheckZip` of golang.org/x/mod/zip has no such bounds. Every lawful zip of a real module is far below them, and a zip
above them cannot be unpacked on common file systems.
"""

import struct
import zipfile
from dataclasses import dataclass, field
from typing import BinaryIO

LARGEST_DIRECTORY = 16 << 20
"""In bytes: the directory is read at once."""
MOST_ENTRIES = 100_000
"""How many entries, and how many folders, a zip may have: each takes about a kilobyte of memory. The modules with the
most files have some ten thousands.
"""
LONGEST_NAME = 4096
"""In bytes: the longest path on Linux (PATH_MAX)."""
DEEPEST = 255
"""How many slashes a name may have: much more than any project has folders in folders."""

_HEADER = struct.Struct("<4s24x3H12x")
"""The signature of an entry, and the lengths of its name, extra field and comment (APPNOTE.TXT 4.3.12)."""
_SIGNATURE = b"PK\x01\x02"
_ZIP64_SIGNATURE = b"PK\x06\x06"
_ZIP64_RECORDS = 56 + 20
"""Bytes of the two records that stand between the directory and its end record in a large zip (4.3.14, 4.3.15)."""


def directory_fault(file: BinaryIO) -> str | None:
    """Return which bound the directory of a zip exceeds; None for a directory within all bounds.

    A file that is no zip has no fault here: the library that reads it tells that. Blocks; raises `OSError`.
    """
    # The library's own function finds the directory, so that the bounds are checked on what the library will read.
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # the standard library has no public function for it
    if end is None:
        return None
    size, location = end[5], end[9]
    if size > LARGEST_DIRECTORY:
        return f"its directory has {size} bytes, more than {LARGEST_DIRECTORY}"
    start = location - size - (_ZIP64_RECORDS if end[0] == _ZIP64_SIGNATURE else 0)
    if start < 0:
        return None
    file.seek(start)
    return _entries_fault(file.read(size))


def _entries_fault(directory: bytes) -> str | None:
    at = entries = 0
    while at + _HEADER.size <= len(directory):
        signature, name, extra, comment = _HEADER.unpack_from(directory, at)
        if signature != _SIGNATURE:
            return None
        entries += 1
        if entries > MOST_ENTRIES:
            return f"it has more than {MOST_ENTRIES} entries"
        at += _HEADER.size
        if name > LONGEST_NAME:
            return f"the name of entry {entries} has {name} bytes, more than {LONGEST_NAME}"
        if directory.count(b"/", at, at + name) > DEEPEST:
            return f"entry {entries} lies in more than {DEEPEST} folders"
        at += name + extra + comment
    return None


_LONG = 512
"""In characters. The folders of longer names would take much memory, each with the whole path to it."""


@dataclass(slots=True)
class _Seen:
    """A file or a folder of a zip, with what lies in it."""

    name: str
    is_dir: bool
    inside: dict[str, "_Seen"] = field(default_factory=dict)


class Names:
    """Notices names that collide where a file system folds case."""

    def __init__(self) -> None:
        self._added: list[str] = []
        self._files: set[str] = set()
        """The files, folded."""
        self._folders: set[str] = set()
        self._folded: set[str] = set()
        """The folders, folded."""
        self._tree: _NameTree | None = None
        """Takes the place of all others as soon as a name is long, or has a fault that has to be told."""

    def add(self, name: str, *, is_dir: bool) -> str | None:
        """Remember an entry and the folders above it. Returns what is wrong with the name beside the earlier ones."""
        if self._tree is None:
            if len(name) <= _LONG and self._fits(name, is_dir=is_dir):
                self._added.append(f"{name}/" if is_dir else name)
                return None
            self._tree = _NameTree()
            for earlier in self._added:
                self._tree.add(earlier.removesuffix("/"), is_dir=earlier.endswith("/"))
            self._added, self._files, self._folders, self._folded = [], set(), set(), set()
        return self._tree.add(name, is_dir=is_dir)

    def _fits(self, name: str, *, is_dir: bool) -> bool:
        folder = name
        if not is_dir:
            folder, _, _ = name.rpartition("/")
            folded = _fold(name)
            if folded in self._files or folded in self._folded:
                return False
            self._files.add(folded)
        while folder and folder not in self._folders:  # a folder that is known has known folders above it
            folded = _fold(folder)
            if folded in self._folded or folded in self._files:
                return False
            self._folders.add(folder)
            self._folded.add(folded)
            folder, _, _ = folder.rpartition("/")
        return len(self._files) + len(self._folders) <= 2 * MOST_ENTRIES


class _NameTree:
    """Does what `Names` does, folder by folder: it says what is wrong, and takes time and memory for parts of names
    instead of whole ones.
    """

    def __init__(self) -> None:
        self._top: dict[str, _Seen] = {}
        self._count = 0

    def add(self, name: str, *, is_dir: bool) -> str | None:
        """Remember an entry and the folders above it. Returns what is wrong with the name beside the earlier ones."""
        here, parts = self._top, name.split("/")
        for depth, part in enumerate(parts):
            directory = is_dir or depth < len(parts) - 1
            folded = _fold(part)
            seen = here.get(folded)
            if seen is None:
                self._count += 1
                if self._count > 2 * MOST_ENTRIES:
                    return f"the zip has more than {2 * MOST_ENTRIES} files and folders"
                seen = here[folded] = _Seen(part, directory)
            elif seen.name != part:
                return f"collides with {'/'.join([*parts[:depth], seen.name])!r} where case is folded"
            elif seen.is_dir != directory:
                return "is both a file and a directory"
            elif not directory:
                return "stands there twice"
            here = seen.inside
        return None


def _fold(text: str) -> str:
    """Map all texts that differ only in case to one of them (Go's `unicode.SimpleFold`)."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


def _fold_character(char: str) -> str:
    upper = char.upper()
    lower = (upper if len(upper) == 1 else char).lower()
    return lower if len(lower) == 1 else char
