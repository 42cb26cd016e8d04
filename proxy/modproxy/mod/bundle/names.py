"""What a file of a bundle may be called, and how large it may be. Pure.

A name is the path of a module proxy's answer, in the one spelling that the proxy itself writes: so it has no `..`, no
slash at its beginning, and no second spelling of the same file.
"""

from collections.abc import Iterable

from modproxy.mod.answer import largest_answer
from modproxy.mod.archive import LARGEST_ZIP
from modproxy.mod.bundle.archive_format import BundleError
from modproxy.mod.bundle.manifest import BundledVersion, BundleManifest
from modproxy.mod.latest import rank
from modproxy.mod.sumdb import SumdbTarget, is_sumdb_path, parse_sumdb_target, supported_target
from modproxy.mod.target import Kind, NoSuchTarget, Target, TargetError, parse_target
from modproxy.mod.tlog import parse_tile
from modproxy.mod.version import is_pseudo

LARGEST_OF_DATABASE = 1 << 20
"""In bytes: a hundred times what a record has."""
_KINDS = frozenset([Kind.INFO, Kind.MOD, Kind.ZIP, Kind.LIST])


def read_name(name: str, database: str | None) -> Target | SumdbTarget:
    """Return what a file of a bundle is. `database` is the name of its checksum database. Raises `BundleError`."""
    try:
        if is_sumdb_path(name):
            target: Target | SumdbTarget | None = parse_sumdb_target(name, database)
            target = supported_target(database) if target is None and database is not None else target
            lawful = isinstance(target, SumdbTarget) and target.url_path == name and _is_provable(target)
        else:
            target = parse_target(name)
            lawful = target.key == name and target.kind in _KINDS
    except (TargetError, NoSuchTarget) as e:
        raise BundleError(f"file {name!r} has no place in a bundle: {e}") from None
    if target is None or not lawful:
        raise BundleError(f"file {name!r} has no place in a bundle")
    return target


def _is_provable(target: SumdbTarget) -> bool:
    return target.kind is not Kind.TILE or parse_tile(target.path) is not None


def largest(target: Target | SumdbTarget) -> int:
    """Return how many bytes a file may have."""
    if isinstance(target, SumdbTarget):
        return LARGEST_OF_DATABASE
    return LARGEST_ZIP if target.kind is Kind.ZIP else largest_answer(target.kind)


def files_of(version: BundledVersion) -> tuple[Kind, ...]:
    """Return which files of a version a bundle has: go.mod alone, or all three."""
    return (Kind.INFO, Kind.MOD, Kind.ZIP) if version.zip else (Kind.MOD,)


def list_of(versions: Iterable[BundledVersion]) -> bytes:
    """Return the list of a module: its versions that are here whole, the highest last, without pseudo-versions."""
    found = [v.version for v in versions if v.zip and not is_pseudo(v.version)]
    return "".join(f"{version}\n" for version in sorted(found, key=rank)).encode()


def expected_names(manifest: BundleManifest) -> set[str]:
    """Return the names of the modules' files that a bundle with these versions has."""
    names: set[str] = set()
    for version in manifest.versions:
        names.update(Target(version.module, version.version, kind).key for kind in files_of(version))
        if version.zip and not is_pseudo(version.version):
            names.add(Target(version.module, "", Kind.LIST).key)
    return names
