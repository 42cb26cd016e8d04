"""What a stored file of another proxy is, by its path. Pure.

Sources of the layouts: `Save` and `PackageVersionedName` of github.com/gomods/athens (pkg/storage, pkg/config), which
writes module paths without escapes; `Cacher` of github.com/goproxy/goproxy; `CachePath` and `downloadZip` of
cmd/go/internal/modfetch for the module cache.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from modproxy.mod.path import ModulePath, PathError, check_path, unescape
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version, VersionError, check_version, is_canonical

ZIP_HASH = "ziphash"
"""The suffix of the file with the `h1:` hash that the go command has found for a zip."""
_UNFINISHED = re.compile(r"\.(partial|tmp|temp|part|lock~)$|\.tmp-?[0-9]+$|\.zip[0-9]+\.tmp$|(^|/)\.staging-", re.ASCII)
_OF_ATHENS = {"go.mod": Kind.MOD, "source.zip": Kind.ZIP}


class Layout(StrEnum):
    """Names the one who has stored the files."""

    ATHENS = "athens"
    GOPROXY = "goproxy"
    MODULE_CACHE = "modcache"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Says what a stored file is."""

    module: ModulePath
    version: Version
    kind: Kind | None
    """None for the hash of a zip."""

    @property
    def key(self) -> str:
        """The name that the file has in a bundle."""
        return Target(self.module, self.version, self.kind or Kind.ZIP).key


class NoFileOfVersion(Exception):
    """The path is not that of a file of a version. `worth_telling` says whether somebody should hear of it."""

    def __init__(self, reason: str, *, worth_telling: bool = True) -> None:
        super().__init__(reason)
        self.worth_telling = worth_telling


def read_path(layout: Layout, path: str) -> StoredFile:
    """Return what the file at a path below the root is. Raises `NoFileOfVersion`."""
    if _UNFINISHED.search(path):
        raise NoFileOfVersion("it is half written, or marks work that was interrupted")
    module, marker, name = path.partition("/@v/")
    if marker:
        return _beside_others(layout, module, name)
    if layout is Layout.ATHENS:
        return _in_folder_of_version(path)
    if path.startswith(("sumdb/", "cache/", "latest")) or path.endswith("/@latest") or path == "lock":
        raise NoFileOfVersion("it is no file of a version", worth_telling=False)
    raise NoFileOfVersion("it stands where no file of a version belongs")


def _beside_others(layout: Layout, module: str, name: str) -> StoredFile:
    """Read `MODULE/@v/VERSION.SUFFIX`."""
    stem, _, suffix = name.rpartition(".")
    if name in ("list", "lock") or suffix == "lock":
        raise NoFileOfVersion("it is no file of a version", worth_telling=False)
    if suffix == ZIP_HASH and layout is Layout.MODULE_CACHE:
        return _file(layout, module, stem, None)
    if suffix not in (Kind.INFO, Kind.MOD, Kind.ZIP):
        raise NoFileOfVersion("its suffix is none of .info, .mod, .zip")
    return _file(layout, module, stem, Kind(suffix))


def _in_folder_of_version(path: str) -> StoredFile:
    """Read `MODULE/VERSION/go.mod`, `source.zip` or `VERSION.info`."""
    parts = path.rsplit("/", 2)
    if len(parts) != 3:
        raise NoFileOfVersion("it stands where no file of a version belongs")
    module, version, name = parts
    kind = Kind.INFO if name == f"{version}.info" else _OF_ATHENS.get(name)
    if kind is None:
        raise NoFileOfVersion("it is none of go.mod, source.zip and VERSION.info")
    return _file(Layout.ATHENS, module, version, kind)


def _file(layout: Layout, module_text: str, version_text: str, kind: Kind | None) -> StoredFile:
    try:
        escaped = layout is not Layout.ATHENS or "!" in module_text
        module = check_path(unescape(module_text) if escaped else module_text)
        version = unescape(version_text) if layout is not Layout.ATHENS or "!" in version_text else version_text
        return StoredFile(module, check_version(module, version), kind)
    except PathError as e:
        raise NoFileOfVersion(str(e)) from None
    except VersionError as e:
        # A go command keeps the answer to a question for a branch or a commit too.
        query = kind is Kind.INFO and not is_canonical(version)
        raise NoFileOfVersion(f"it is of no version: {e}", worth_telling=not query) from None
