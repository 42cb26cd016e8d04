"""The files of a module as they are on the disk, or as a commit of git has them. Blocks."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from goproxy_operator.client.failure import ClientError, UsageError
from modproxy.mod.zip_directory import MOST_ENTRIES
from modproxy.mod.zip_making import NOT_REGULAR, VCS_FOLDERS, Fault, Member

Open = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Tree:
    """Carries the files of a module."""

    members: list[Member] = field(default_factory=list)
    opens: dict[str, Open] = field(default_factory=dict)
    """What opens each regular file, by its path."""
    omitted: list[Fault] = field(default_factory=list)
    """Folders that are left out whole, and files that are no regular ones."""

    def add(self, path: str, size: int, opened: Open | None) -> None:
        """Add a file; without what opens it, it is no regular one. Raises `ClientError` for too many."""
        if len(self.members) >= MOST_ENTRIES:
            raise ClientError(f"the tree has more than {MOST_ENTRIES} files: no module may have so many")
        self.members.append(Member(path, opened is not None, size))
        if opened is not None:
            self.opens[path] = opened


def tree_of_folder(folder: Path) -> Tree:
    """Return the files of a folder as they are now, also those that no commit has. Raises `ClientError`.

    Folders of version control and of other modules are left out (`CreateFromDir` of golang.org/x/mod/zip).
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one with the go.mod of the module")
    tree = Tree()
    try:
        for path, file in _walk(folder, "", tree):
            found = file.stat(follow_symlinks=False)
            if stat.S_ISREG(found.st_mode):
                tree.add(path, found.st_size, partial(open_file, file.path))
            else:
                tree.omitted.append(Fault(path, NOT_REGULAR))
    except OSError as e:
        raise ClientError(f"{e.filename or folder} cannot be read: {e.strerror}") from None
    return tree


def open_file(path: str) -> BinaryIO:
    """Open a file of a tree to read it. Raises `OSError`."""
    return Path(path).open("rb")


def _walk(folder: Path, below: str, tree: Tree) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{below}{entry.name}"
        if any("\udc80" <= char <= "\udcff" for char in entry.name):
            raise ClientError(f"{folder} has a file whose name is no UTF-8: rename it")
        if not entry.is_dir(follow_symlinks=False):
            yield path, entry
        elif entry.name in VCS_FOLDERS:
            tree.omitted.append(Fault(f"{path}/", "it is a folder of version control"))
        elif _is_module(Path(entry.path)):
            tree.omitted.append(Fault(f"{path}/", "it is another module, since it has a go.mod"))
        else:
            yield from _walk(Path(entry.path), f"{path}/", tree)


def _is_module(folder: Path) -> bool:
    try:
        return not stat.S_ISDIR((folder / "go.mod").lstat().st_mode)
    except OSError:
        return False


def read_file(tree: Tree, path: str, largest: int) -> bytes | None:
    """Return a file of the tree; None where the tree has none. Raises `ClientError` for one that is too large."""
    opened = tree.opens.get(path)
    if opened is None:
        return None
    with opened() as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ClientError(f"{path} has more than {largest} bytes, which is the most")
    return content


def shown_faults(faults: Sequence[Fault], most: int = 20) -> str:
    """Return the first faults, a line each."""
    lines = [f"  {fault.path}: {fault.reason}" for fault in faults[:most]]
    return "\n".join([*lines, *([f"  and {len(faults) - most} more"] if len(faults) > most else [])])
