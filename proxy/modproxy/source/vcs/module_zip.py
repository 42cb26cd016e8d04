"""The zip of a module, made from git's archive of a commit, where the module needs a newer Go than the replica has.

The go command makes zips too, but of modules for its own version of Go at most, though nothing in a zip depends on
that. Source of the rules: `codeRepo.Zip` of cmd/go/internal/modfetch, with the rules of `mod.zip_making` for the newest
go, because the module is for a later one. Blocks.
"""

import io
import stat
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from modproxy.mod.zip_making import NEWEST_GO, Member, choose, write_zip

PREFIX = "prefix/"
"""Before each name in git's archive."""


class ZipError(Exception):
    """No zip can be made of the files of this commit; the message says why."""


def write_module_zip(archive: Path, subdir: str, name: str, license_file: bytes | None, made: Path) -> None:
    """Write the zip of the module `name` (`PATH@VERSION`) to `made`, from git's archive of a commit.

    `subdir` is the module's folder in the repository, empty for the root. `license_file` is the LICENSE of the root,
    for a module that has none. Raises `ZipError` and `OSError`.
    """
    below = f"{PREFIX}{subdir}/" if subdir else PREFIX
    try:
        with zipfile.ZipFile(archive, metadata_encoding="utf-8") as source, made.open("wb") as target:
            found = {
                entry.filename.removeprefix(below): entry
                for entry in source.infolist()
                if entry.filename.startswith(below) and not entry.is_dir()
            }
            members = [
                Member(path, stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG), entry.file_size)
                for path, entry in found.items()
            ]
            chosen = choose(members, NEWEST_GO)
            if chosen.faults:
                path, reason = chosen.faults[0]
                raise ZipError(f"{path}: {reason}")
            opened: dict[str, Callable[[], BinaryIO]] = {
                path: cast("Callable[[], BinaryIO]", partial(source.open, found[path])) for path, _, _ in chosen.files
            }
            if license_file is not None and "LICENSE" not in found:
                opened["LICENSE"] = partial(io.BytesIO, license_file)
            write_zip(target, name, opened.items())
    except (zipfile.BadZipFile, UnicodeDecodeError) as e:
        raise ZipError(f"git's archive cannot be read: {e}") from None
