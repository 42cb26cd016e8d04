"""What a zip has to fulfil that is published now, beyond what a go command takes of others.

Source of the rules: `Create` of golang.org/x/mod/zip, which makes zips of regular files only. `mod.archive` checks what
`CheckZip` checks, and has to come first: it bounds the directory of the zip. All of it blocks.
"""

import re
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from modproxy.mod.archive import LARGEST_GO_MOD, ArchiveError
from modproxy.mod.go_mod import GoModError, parse_go_mod
from modproxy.mod.path import ModulePath
from modproxy.mod.version import Version

_GO_VERSION = re.compile(r"v?[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:[^0-9].*)?", re.ASCII)
"""As golang.org/x/mod/modfile reads it in a dependency (`laxGoVersionRE`, and `GoVersionRE`)."""
_ON_UNIX = 3
"""The system of an entry (APPNOTE.TXT 4.4.2) whose attributes begin with the mode of the file."""


def go_mod_of_new_zip(file: BinaryIO, path: ModulePath, version: Version) -> bytes:
    """Check a zip that is published now, and return its go.mod: the file of the zip, or the one that the go command
    makes for a module without one. Raises `ArchiveError`.
    """
    prefix = f"{path}@{version}/"
    try:
        with zipfile.ZipFile(file, metadata_encoding="utf-8") as archive:
            entries = archive.infolist()
            if not entries:
                raise ArchiveError(f"the zip has no file: a module has at least one, below {prefix}")
            for entry in entries:
                if (fault := _entry_fault(entry)) is not None:
                    raise ArchiveError(f"entry {entry.orig_filename!r}: {fault}")
            found = next((entry for entry in entries if entry.orig_filename == f"{prefix}go.mod"), None)
            if found is None:
                return f"module {path}\n".encode()  # as cmd/go/internal/modfetch makes it
            with archive.open(found) as content:
                body = content.read(LARGEST_GO_MOD + 1)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError) as e:
        raise ArchiveError(f"not a readable zip: {e}") from None
    _check_go_mod(body, path, version)
    return body


def _entry_fault(entry: zipfile.ZipInfo) -> str | None:
    if entry.orig_filename.endswith("/"):
        return "a module zip has files only, and no entries for folders: leave the entry out"
    mode = entry.external_attr >> 16 if entry.create_system == _ON_UNIX else 0
    if stat.S_ISLNK(mode):
        return "it is a symbolic link, which the go command does not unpack as one: leave the entry out"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "it is no regular file: leave the entry out"
    if entry.flag_bits & 1:
        return "it is encrypted: pack it without a password"
    return None


def _check_go_mod(body: bytes, path: ModulePath, version: Version) -> None:
    try:
        found = parse_go_mod(body.decode())
    except (GoModError, UnicodeDecodeError) as e:
        told = str(e) if isinstance(e, GoModError) else "it is no text in UTF-8"
        raise ArchiveError(f"a go command cannot read its go.mod: {told}") from None
    declared = found.module
    if found.go and _GO_VERSION.fullmatch(found.go) is None:
        raise ArchiveError(f"a go command cannot read its go.mod: {found.go[:100]!r} is no version of Go, such as 1.24")
    if declared != path:
        raise ArchiveError(
            f"its go.mod declares the module {declared}: publish it under that path, or correct the module directive"
        )
    if version.endswith("+incompatible"):
        major = version[1:].partition(".")[0]
        raise ArchiveError(
            f"{version} is for modules without a go.mod, and this zip has one: publish {path}/v{major} instead, "
            "and write that path into go.mod"
        )
