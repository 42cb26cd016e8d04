"""Who vouches for a file: how that is written beside the file, and for which modules a checksum database must. Pure.

A voucher is a short text: where the file came from, and after a blank the checksum database that vouched for it. It is
kept with the file, so that a file is served only when the rules of that moment would have let it in.
"""

from collections.abc import Sequence
from enum import StrEnum

from modproxy.mod.pattern import Pattern, first_match

TOOLCHAIN = "golang.org/toolchain"
"""The module of Go's own releases. The go command runs them, so they are verified even when `gonosumdb` matches
them.
"""


class CameFrom(StrEnum):
    """Where a file came from: the first word of a voucher."""

    UPSTREAM = "upstream"
    """A server or a file tree of upstream.goproxy."""
    PARENT = "parent"
    """The fleet of `cache.parent`."""
    VERSION_CONTROL = "vcs"
    BUNDLE = "bundle"
    """A bundle that was imported into the depot."""
    HOSTED = "hosted"
    """The depot of this fleet, for a module that was published to the fleet itself."""
    DATABASE = "database"
    """A checksum database, for the answers of the database itself."""


def voucher(came_from: CameFrom, database: str = "") -> str:
    """Write a voucher. `database` names the checksum database with its key."""
    return f"{came_from} {database}".rstrip()


def verified_by(text: str, database: str) -> str:
    """Return a voucher with the database that has vouched for the file too."""
    return f"{text.partition(' ')[0]} {database}"


def came_from(text: str) -> str:
    """Return the first word of a voucher; nothing for a file without one."""
    return text.partition(" ")[0]


def database_of(text: str) -> str:
    """Return the database of a voucher; nothing where none has vouched."""
    return text.partition(" ")[2]


def is_exempt(path: str, exempt: Sequence[Pattern]) -> bool:
    """Say whether a module needs no checksum database, because one of the patterns of `gonosumdb` matches it."""
    return path != TOOLCHAIN and first_match(exempt, path) is not None
