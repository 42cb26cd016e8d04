"""Which files of a tree belong into the zip of a module, and how the zip is written. All but the writing is pure.

Source of the rules: `Create` and `CreateFromDir` of golang.org/x/mod/zip.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from modproxy.mod.archive import LARGEST_ZIP, file_fault
from modproxy.mod.path import file_path_fault
from modproxy.mod.zip_directory import Names

NEWEST_GO = "1.24"
"""The rules for vendored packages have not changed since this version of the language."""
VCS_FOLDERS = frozenset([".bzr", ".git", ".hg", ".svn"])
"""Folders of version control, wherever they are in a tree."""
NOT_REGULAR = "it is no regular file, but a symbolic link or a device"
_HG_ARCHIVAL = ".hg_archival.txt"
_GO_VERSION = re.compile(r"([0-9]+)\.([0-9]+)", re.ASCII)
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell. Zips of modules have no times, so that a tree makes one zip whenever it is
packed.
"""
_PIECE = 1 << 20


class Member(NamedTuple):
    """A file of a tree, by its path below the module's folder."""

    path: str
    regular: bool
    size: int


class Fault(NamedTuple):
    """Says what is wrong with a file, or why it is left out."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Carries what was decided of each file of a tree."""

    files: list[Member] = field(default_factory=list)
    """What goes into the zip, in the order of the tree."""
    omitted: list[Fault] = field(default_factory=list)
    """What is left out, as the go command leaves it out."""
    faults: list[Fault] = field(default_factory=list)
    """What keeps the tree from being a module."""

    @property
    def size(self) -> int:
        """How many bytes the files have."""
        return sum(member.size for member in self.files)


def choose(members: Sequence[Member], go_version: str) -> Chosen:
    """Decide which files belong into the zip of a module.

    `go_version` is the version of the language that its go.mod names; empty where it names none.
    """
    others = {folder for member in members if member.regular for folder in _folder_of_go_mod(member.path)}
    chosen, names = Chosen(), Names()
    for member in members:
        path = member.path
        if reason := _reason_to_omit(path, others, go_version):
            chosen.omitted.append(Fault(path, reason))
        elif reason := file_path_fault(path) or _case_fault(path) or names.add(path, is_dir=False):
            chosen.faults.append(Fault(path, reason))
        elif not member.regular:
            chosen.omitted.append(Fault(path, NOT_REGULAR))
        elif reason := file_fault(path, member.size):
            chosen.faults.append(Fault(path, reason))
        else:
            chosen.files.append(member)
    if chosen.size > LARGEST_ZIP:
        chosen.faults.append(Fault(".", f"the files have {chosen.size} bytes, more than the {LARGEST_ZIP} of a module"))
    return chosen


def _reason_to_omit(path: str, others: set[str], go_version: str) -> str | None:
    if is_vendored(path, go_version):
        return "it is of a vendored package"
    if _is_below(path, others):
        return "it is of another module, whose go.mod is in a folder above it"
    return "hg archive has made it" if path == _HG_ARCHIVAL else None


def is_vendored(path: str, go_version: str) -> bool:
    """Say whether a file is of a package in a folder `vendor`, as go reads that for a version of the language.

    Before go 1.24 go looked at a wrong part of the path, and `vendor/modules.txt` was no such file.
    """
    newer = _is_at_least(go_version, NEWEST_GO)
    if newer and path == "vendor/modules.txt":
        return True
    if path.startswith("vendor/"):
        start = len("vendor/")
    elif (at := path.find("/vendor/")) >= 0:
        start = (at if newer else 0) + len("/vendor/")
    else:
        return False
    return "/" in path[start:]


def _is_at_least(version: str, least: str) -> bool:
    found, wanted = _GO_VERSION.match(version), _GO_VERSION.match(least)
    if found is None or wanted is None:
        return False
    return (int(found[1]), int(found[2])) >= (int(wanted[1]), int(wanted[2]))


def _case_fault(path: str) -> str | None:
    wrong = path != "go.mod" and path.lower() == "go.mod"
    return "the name of a go.mod file has to be in lower case" if wrong else None


def _folder_of_go_mod(path: str) -> Iterable[str]:
    folder, slash, name = path.rpartition("/")
    return [f"{folder}/"] if slash and name.lower() == "go.mod" else []


def _is_below(path: str, folders: set[str]) -> bool:
    if not folders:
        return False
    elements = path.split("/")
    return any("/".join(elements[:n]) + "/" in folders for n in range(1, len(elements)))


def write_zip(target: BinaryIO, name: str, files: Iterable[tuple[str, Callable[[], BinaryIO]]]) -> None:
    """Write the zip of the module `name` (`PATH@VERSION`). Each file is its path and what opens it.

    One tree makes the same bytes each time: nothing of a file but its path and its content is kept, as in the zips of
    the go command. Blocks; raises `OSError`.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, opened in files:
            entry = zipfile.ZipInfo(f"{name}/{path}", _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0  # else the entry would tell on which system it was packed
            with opened() as content, archive.open(entry, "w", force_zip64=False) as written:
                while piece := content.read(_PIECE):
                    written.write(piece)
