"""The check of module zips, and their `h1:` hash.

Source of the rules: `CheckZip` of golang.org/x/mod/zip, and `HashZip` and `Hash1` of golang.org/x/mod/sumdb/dirhash. A
zip is refused only if `CheckZip` refuses it, or if its directory exceeds the bounds of `zip_directory`. The stricter
rules of x/mod for making a zip are not applied, because older lawful zips break them.
"""

import base64
import hashlib
import os
import struct
import zipfile
import zlib
from typing import BinaryIO

from modproxy.mod.path import ModulePath, file_path_fault
from modproxy.mod.version import Version
from modproxy.mod.zip_directory import Names, directory_fault

LARGEST_ZIP = 500 << 20
"""In bytes, for the packed zip and for all unpacked files together (`MaxZipFile` of golang.org/x/mod/zip)."""
LARGEST_GO_MOD = LARGEST_LICENSE = 16 << 20
"""In bytes (`MaxGoMod` and `MaxLICENSE` of golang.org/x/mod/zip)."""
_CHUNK = 1 << 20


class ArchiveError(ValueError):
    """The zip is not lawful for its module and version; the message names the entry and the broken rule."""


def check_carefully(file: BinaryIO, path: ModulePath, version: Version) -> str:
    """Check any zip as `CheckZip` does, and return its `h1:` hash.

    `zip_arriving` judges usual zips in a part of the time. Raises `ArchiveError`. Blocks for long, because every byte
    is hashed: call it off the event loop.
    """
    size = file.seek(0, os.SEEK_END)
    if size > LARGEST_ZIP:
        raise ArchiveError(f"{size} bytes are more than the {LARGEST_ZIP} that a module zip may have")
    try:
        if (fault := directory_fault(file)) is not None:
            raise ArchiveError(fault)
        # Go reads names as bytes. Without `metadata_encoding`, Python would decode the names of old zips as code page
        # 437.
        with zipfile.ZipFile(file, metadata_encoding="utf-8") as archive:
            entries = archive.infolist()
            _check_entries(entries, f"{path}@{version}/")
            return _hash1(archive, entries)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError) as e:
        raise ArchiveError(f"not a readable zip: {e}") from None
    except (ValueError, OverflowError) as e:
        if isinstance(e, ArchiveError):
            raise
        raise ArchiveError(f"not a readable zip: {e}") from None


def _check_entries(entries: list[zipfile.ZipInfo], prefix: str) -> None:
    names = Names()
    total = 0
    for entry in entries:
        full = entry.orig_filename
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"entry {full!r} is packed by a method that Go cannot read ({entry.compress_type})")
        if not full.startswith(prefix):
            raise ArchiveError(f"entry {full!r} does not start with {prefix!r}")
        name = full.removeprefix(prefix)
        if not name:
            continue
        is_dir = name.endswith("/")
        fault = file_path_fault(name.removesuffix("/")) or names.add(name.removesuffix("/"), is_dir=is_dir)
        if not fault and not is_dir:
            fault = file_fault(name, entry.file_size)
            total += entry.file_size
        if fault:
            raise ArchiveError(f"entry {full!r}: {fault}")
        if total > LARGEST_ZIP:
            raise ArchiveError(f"unpacks to more than {LARGEST_ZIP} bytes")


def file_fault(name: str, size: int) -> str | None:
    """Return which rule for go.mod and LICENSE a file of `size` bytes breaks; None without any."""
    if name.rpartition("/")[2].lower() == "go.mod" and name != "go.mod":
        return "a go.mod file belongs into the root of the module, in lower case"
    if name == "go.mod" and size > LARGEST_GO_MOD:
        return f"larger than {LARGEST_GO_MOD} bytes"
    if name == "LICENSE" and size > LARGEST_LICENSE:
        return f"larger than {LARGEST_LICENSE} bytes"
    return None


def _hash1(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    """Return the hash that `Hash1` makes: SHA-256 over one line for each entry, also for directories, sorted by
    name.
    """
    lines = []
    for entry in sorted(entries, key=lambda e: e.orig_filename.encode()):
        name = entry.orig_filename
        if "\n" in name:
            raise ArchiveError(f"entry {name!r} has a newline in its name")
        lines.append(f"{_entry_digest(archive, entry)}  {name}\n")
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()


def _entry_digest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    left = entry.file_size
    with archive.open(entry) as content:
        while chunk := content.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ArchiveError(f"entry {entry.orig_filename!r} is larger than it declares")
            digest.update(chunk)
    if left:
        raise ArchiveError(f"entry {entry.orig_filename!r} is smaller than it declares")
    return digest.hexdigest()


def go_mod_hash(go_mod: bytes) -> str:
    """Return the `h1:` hash of a go.mod file, as go.sum and checksum databases have it."""
    line = f"{hashlib.sha256(go_mod).hexdigest()}  go.mod\n"
    return "h1:" + base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()
