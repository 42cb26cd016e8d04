"""Clones of repositories as the go command has them in its module cache. All of it blocks.

A clone is a bare repository in a folder with a name that is made of its URL. Beside it lie `NAME.info`, which says of
which system and of which URL it is, and `NAME.lock` (codehost.WorkDir of cmd/go/internal/modfetch).
"""

import os
import shutil
from pathlib import Path

_SUFFIXES = (".info", ".lock")


def clone_of(folder: Path, url: str) -> Path | None:
    """Return the clone of a URL among the clones in `folder`. Blocks; raises `OSError`."""
    for info in folder.glob("*.info"):
        if info.read_text().strip().endswith(f":{url}") and info.with_suffix("").is_dir():
            return info.with_suffix("")
    return None


def are_all_of_git(folder: Path) -> bool:
    """Say whether all clones in `folder` are of git repositories. Blocks; raises `OSError`."""
    return all(info.read_text().startswith("git") for info in folder.glob("*.info"))


def size_of_tree(folder: Path) -> int:
    """Return the bytes of all files below a folder, which may change meanwhile. Blocks."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def clones_in(folder: Path) -> list[tuple[str, int]]:
    """Return the clones that the go command has left in good order, with their sizes."""
    if not folder.is_dir():
        return []
    names = [entry.name for entry in folder.iterdir() if (entry / "objects").is_dir()]
    broken = ("*.lock", "refs/**/*.lock", "objects/**/tmp_*")
    whole = [name for name in names if not any(next((folder / name).glob(glob), None) for glob in broken)]
    return [(name, size_of_tree(folder / name)) for name in whole]


def move(source: Path, target: Path, name: str) -> None:
    """Move a clone between two folders, over what may be left of another one there. Blocks; raises `OSError`."""
    target.mkdir(parents=True, exist_ok=True)
    remove(target, name)
    for suffix in _SUFFIXES:
        if (source / f"{name}{suffix}").exists():
            (source / f"{name}{suffix}").replace(target / f"{name}{suffix}")
    (source / name).replace(target / name)


def remove(folder: Path, name: str) -> None:
    """Remove a clone, if it is there. Blocks."""
    shutil.rmtree(folder / name, ignore_errors=True)
    for suffix in _SUFFIXES:
        (folder / f"{name}{suffix}").unlink(missing_ok=True)
