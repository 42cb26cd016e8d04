"""Which modules this replica knows by itself: those that it stores files of, and those that the config spells out.

All walks block.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from modproxy.fleet.known_module import MOST_KNOWN, KnownModule
from modproxy.mod.path import ModulePath, PathError, check_path, unescape
from modproxy.mod.pattern import Pattern, first_match, parse_pattern
from modproxy.sync.events import repository_path

_DEEPEST = 24
"""Elements of a module path: a tree of other folders must not be walked for ever."""
_LARGEST_INFO = 128 << 10
_GLOB = frozenset("*?[\\")
_SUMDB = "sumdb"


def spelled_out(patterns: Sequence[Pattern]) -> Iterator[ModulePath]:
    """Yield the patterns that may be modules themselves."""
    for one in patterns:
        if not _GLOB & set(one.text) and "/" in one.text:
            try:
                yield check_path(one.text)
            except PathError:
                continue


def stored_modules(root: Path, patterns: Sequence[Pattern]) -> dict[ModulePath, KnownModule]:
    """Return the modules that match, of which files are below the cache folder. Raises `OSError`."""
    found: dict[ModulePath, KnownModule] = {}
    firsts = [parse_pattern(one.text.partition("/")[0]) for one in patterns]
    for top in _folders(root):
        if top == _SUMDB or top.startswith(".") or not any(one.matches(top) for one in firsts):
            continue
        for folder in _module_folders(root, top):
            try:
                path = check_path(unescape(folder))
            except PathError:
                continue
            if first_match(patterns, path) is not None:
                found[path] = _known(path, root / folder / "@v")
            if len(found) >= MOST_KNOWN:
                return found
    return found


def _module_folders(root: Path, top: str) -> Iterator[str]:
    pending = [top]
    while pending:
        folder = pending.pop()
        for name in _folders(root / folder):
            if name == "@v":
                yield folder
            elif not name.startswith("@") and folder.count("/") < _DEEPEST:
                pending.append(f"{folder}/{name}")


def _folders(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except (FileNotFoundError, PermissionError):
        return []


def _known(path: ModulePath, folder: Path) -> KnownModule:
    """Read where a module is from, in the newest of its `.info` files that says so."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                ((entry.stat().st_mtime, entry.name) for entry in entries if entry.name.endswith(".info")), reverse=True
            )
    except OSError:
        names = []
    for _, name in names[:4]:
        origin = _origin(folder / name)
        url, subdir = origin.get("URL"), origin.get("Subdir", "")
        if isinstance(url, str) and url and isinstance(subdir, str):
            return KnownModule(path, repository_path(url), subdir.strip("/"))
    return KnownModule(path)


def _origin(file: Path) -> dict[str, object]:
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(_LARGEST_INFO))
    except (OSError, ValueError, RecursionError):
        return {}
    origin = found.get("Origin") if isinstance(found, dict) else None
    return origin if isinstance(origin, dict) else {}
