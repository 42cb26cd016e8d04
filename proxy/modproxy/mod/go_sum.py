"""The lines of a go.sum file. Pure.

Source of the rules: `readGoSum` of cmd/go/internal/modfetch.
"""

from dataclasses import dataclass

from modproxy.mod.path import ModulePath, PathError, check_path
from modproxy.mod.version import Version, VersionError, check_version

GO_MOD = "/go.mod"
"""Stands behind the version in a line for the go.mod file."""
H1 = "h1:"
"""The only algorithm of hashes that there is."""
_OF_NO_FILE = "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY="
"""The hash of an empty go.mod file: old go commands wrote it for what is no module, and newer ones ignore it."""


class GoSumError(ValueError):
    """The text is no go.sum file; the message begins with the number of the line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(slots=True)
class Summed:
    """Carries what a go.sum file says of a version."""

    path: ModulePath
    version: Version
    mod_hash: str = ""
    """The `h1:` hash of the go.mod file; empty where no line has it."""
    zip_hash: str = ""
    """The `h1:` hash of the zip; empty where only the go.mod file is needed."""


def parse_go_sum(text: str) -> list[Summed]:
    """Read a go.sum file, in its order. Raises `GoSumError`."""
    found: dict[tuple[str, str], Summed] = {}
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 3:
            hint = ": it has a conflict of git" if line.startswith(("<<<<<<<", "=======", ">>>>>>>")) else ""
            raise GoSumError(number, f"it has {len(words)} words instead of path, version and hash{hint}")
        path, version, digest = words
        if digest == _OF_NO_FILE or not digest.startswith(H1):
            continue
        of_mod = version.endswith(GO_MOD)
        key = path, version.removesuffix(GO_MOD)
        entry = found.get(key)
        if entry is None:
            try:
                checked = check_path(path)
                entry = found[key] = Summed(checked, check_version(checked, key[1]))
            except (PathError, VersionError) as e:
                raise GoSumError(number, str(e)) from None
        known = entry.mod_hash if of_mod else entry.zip_hash
        if known and known != digest:
            raise GoSumError(number, f"{path}@{version} has two hashes: {known} and {digest}")
        if of_mod:
            entry.mod_hash = digest
        else:
            entry.zip_hash = digest
    return list(found.values())


def looks_like_go_sum(text: str) -> bool:
    """Say whether the first line that is not empty could stand in a go.sum file, and in no go.mod file."""
    first = next((words for line in text.split("\n") if (words := line.split())), [])
    return len(first) == 3 and ":" in first[2] and first[2].partition(":")[0] == "h1"
