"""The zip of a module, made from git's archive of a commit, where the module needs a newer Go than the replica has.

The go command makes zips too, but of modules for its own version of Go at most, though nothing in a zip depends on
that. Source of the rules: `codeRepo.Zip` of cmd/go/internal/modfetch, and `Create` of golang.org/x/mod/zip, with the
rules for go 1.24 and later, because the module is for a later one. What does not choose files blocks.
"""

import re
import shutil
import stat
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from modproxy.mod.archive import LARGEST_ZIP
from modproxy.mod.path import file_path_fault

PREFIX = "prefix/"
"""Before each name in git's archive."""
_VENDORED = re.compile(r"vendor/modules\.txt|vendor/.*/.*|.*?/vendor/.*/.*", re.DOTALL)


class ZipError(Exception):
    """No zip can be made of the files of this commit; the message says why."""


class Member(NamedTuple):
    """A file of git's archive, by its path below the module's folder."""

    path: str
    regular: bool
    size: int


def chosen_files(members: Sequence[Member]) -> list[str]:
    """Return the paths that belong into the module's zip. Pure. Raises `ZipError`.

    Other modules below this one, vendored packages, symbolic links and what `hg archive` adds are left out.
    """
    others = {folder for member in members if member.regular for folder in _folder_of_go_mod(member.path)}
    chosen = []
    total = 0
    for path, regular, size in members:
        if _VENDORED.fullmatch(path) or _is_below(path, others) or path == ".hg_archival.txt":
            continue
        if fault := file_path_fault(path):
            raise ZipError(f"{path}: {fault}")
        if path.lower() == "go.mod" and path != "go.mod":
            raise ZipError(f"{path}: go.mod files must have lowercase names")
        if regular:
            chosen.append(path)
            total += size
    if total > LARGEST_ZIP:
        raise ZipError(f"module source tree too large (max size is {LARGEST_ZIP} bytes)")
    return chosen


def _folder_of_go_mod(path: str) -> Iterable[str]:
    folder, slash, name = path.rpartition("/")
    return [f"{folder}/"] if slash and name.lower() == "go.mod" else []


def _is_below(path: str, folders: set[str]) -> bool:
    if not folders:
        return False
    elements = path.split("/")
    return any("/".join(elements[:n]) + "/" in folders for n in range(1, len(elements)))


def write_module_zip(archive: Path, subdir: str, name: str, license_file: bytes | None, made: Path) -> None:
    """Write the zip of the module `name` (`PATH@VERSION`) to `made`, from git's archive of a commit.

    `subdir` is the module's folder in the repository, empty for the root. `license_file` is the LICENSE of the root,
    for a module that has none. Raises `ZipError` and `OSError`.
    """
    below = f"{PREFIX}{subdir}/" if subdir else PREFIX
    try:
        with zipfile.ZipFile(archive, metadata_encoding="utf-8") as source:
            found = {
                entry.filename.removeprefix(below): entry
                for entry in source.infolist()
                if entry.filename.startswith(below) and not entry.is_dir()
            }
            members = [
                Member(path, stat.S_IFMT(entry.external_attr >> 16) in (0, stat.S_IFREG), entry.file_size)
                for path, entry in found.items()
            ]
            chosen = chosen_files(members)
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
                for path in chosen:
                    with source.open(found[path]) as content, target.open(f"{name}/{path}", "w") as written:
                        shutil.copyfileobj(content, written)
                if license_file is not None and "LICENSE" not in found:
                    target.writestr(f"{name}/LICENSE", license_file)
    except (zipfile.BadZipFile, UnicodeDecodeError) as e:
        raise ZipError(f"git's archive cannot be read: {e}") from None
