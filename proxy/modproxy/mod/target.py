"""Targets: which file of which module and version a URL path names.

Source of the rules: "GOPROXY protocol" of the Go Modules Reference. `parse_target` makes a `Target` from a URL path,
after it has checked every rule.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from modproxy.mod.path import ModulePath, PathError, check_path, escape, file_element_fault, unescape
from modproxy.mod.version import Version, VersionError, check_version, is_canonical

_LONGEST_PATH = 2048
"""How many characters a URL path may have: far more than any module needs, and fewer than file systems refuse."""
_LONGEST_VERSION = 200
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})?")
_RESOLVED_BY_CLIENT = frozenset(["latest", "upgrade", "patch"])


class TargetError(ValueError):
    """The URL path breaks a rule, so that the request is malformed (400); the message names the rule."""


class NoSuchTarget(ValueError):
    """The URL path is well-formed, but can never lead to anything (404)."""


class Kind(StrEnum):
    """Tells which file of a module, or which answer of a checksum database, a target is.

    The value is the `endpoint` of metrics.
    """

    INFO = "info"
    MOD = "mod"
    ZIP = "zip"
    LIST = "list"
    LATEST = "latest"
    QUERY = "query"
    """An `.info` for a branch, a tag, a commit, a prefix of a version, or a version that the path cannot have. The
    answer names the version that is meant, and may change.
    """
    LOOKUP = "lookup"
    """A record of a checksum database."""
    TILE = "tile"
    """A tile of a checksum database's tree."""
    TREE = "tree"
    """The newest tree head of a checksum database, or its answer to `supported`."""


_IMMUTABLE = frozenset([Kind.INFO, Kind.MOD, Kind.ZIP])


@dataclass(frozen=True, slots=True)
class Target:
    """Names one file that a module proxy can serve."""

    path: ModulePath
    version: Version | str
    """Canonical for `.info`, `.mod` and `.zip`, free text for a query, empty for a list and `@latest`."""
    kind: Kind
    key: str = field(init=False)
    """The canonical URL path, which is also the file's path below the cache directory."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key(self.path, self.version, self.kind))

    @property
    def immutable(self) -> bool:
        """Whether the answer can never change: true for the files of a canonical version."""
        return self.kind in _IMMUTABLE

    def __str__(self) -> str:
        return f"{self.path}@{self.version} {self.kind}" if self.version else f"{self.path} {self.kind}"


def _key(path: ModulePath, version: str, kind: Kind) -> str:
    base = escape(path)
    if kind is Kind.LATEST:
        return f"{base}/@latest"
    if kind is Kind.LIST:
        return f"{base}/@v/list"
    suffix = "info" if kind is Kind.QUERY else kind.value
    return f"{base}/@v/{escape(version)}.{suffix}"


def parse_target(path: str) -> Target:
    """Read a decoded URL path below the prefix, without its leading slash.

    Raises `TargetError` for a malformed path, and `NoSuchTarget` for a path that can never lead to anything.
    """
    if path.endswith("/@latest"):
        return Target(_module(path.removesuffix("/@latest")), "", Kind.LATEST)
    module, marker, file = path.partition("/@v/")
    if not marker:
        raise _unknown(path)
    if file == "list":
        return Target(_module(module), "", Kind.LIST)
    stem, dot, suffix = file.rpartition(".")
    if not dot or suffix not in (Kind.INFO, Kind.MOD, Kind.ZIP):
        raise _unknown(path)
    return _versioned(_module(module), stem, Kind(suffix))


def _unknown(path: str) -> NoSuchTarget | TargetError:
    """Return the error for a path without a target: `TargetError` if the path is malformed, else `NoSuchTarget`."""
    if "//" in path or path.startswith("/") or any(part in (".", "..") for part in path.split("/")):
        return TargetError(f"malformed path {path!r}: empty, . and .. elements are not lawful")
    return NoSuchTarget(
        f"{path!r} is nothing a module proxy serves: it answers MODULE/@v/list, MODULE/@v/VERSION.info, .mod, .zip "
        "and MODULE/@latest"
    )


def _module(escaped: str) -> ModulePath:
    try:
        return check_path(unescape(escaped))
    except PathError as e:
        raise TargetError(str(e)) from None


def _versioned(path: ModulePath, escaped: str, kind: Kind) -> Target:
    try:
        version = unescape(escaped)
    except PathError as e:
        raise TargetError(str(e)) from None
    if "/" in version:
        raise _slashed(path, version)
    fault = file_element_fault(version)
    if fault or len(escaped) > _LONGEST_VERSION:
        raise TargetError(f"malformed version {version!r}: {fault or f'longer than {_LONGEST_VERSION} characters'}")
    if " " in version:
        raise TargetError(f"malformed version {version!r}: a version has no blank")
    if is_canonical(version):
        try:
            return Target(path, check_version(path, version), kind)
        except VersionError as e:
            # cmd/go/internal/modfetch asks a proxy for the `.info` of such a version as it asks for a branch, and takes
            # the version that the answer names.
            if kind is Kind.INFO:
                return Target(path, version, Kind.QUERY)
            raise NoSuchTarget(str(e)) from None
    if kind is not Kind.INFO:
        raise TargetError(f"{path}@{version}: a .{kind} is served only for a canonical version such as v1.2.3")
    if version in _RESOLVED_BY_CLIENT:
        raise NoSuchTarget(f"{path}@{version}: the go command resolves {version!r} by itself, from the list or @latest")
    return Target(path, version, Kind.QUERY)


def _slashed(path: ModulePath, version: str) -> NoSuchTarget | TargetError:
    """Return the error for a version with a slash, which branches may have and the protocol cannot express."""
    if any(file_element_fault(element) for element in version.split("/")):
        return TargetError(f"malformed version {version!r}")
    return NoSuchTarget(f"{path}@{version}: a version query cannot have a slash: ask for the commit's hash instead")


def decode_path(raw: str) -> str:
    """Decode the undecoded URL path of a request line, once. Raises `TargetError`.

    An encoded unreserved character (RFC 3986, section 2.3: letters, digits, `-._~`) is the same as the character
    itself. A slash must not be encoded, because an encoded slash is no separator (section 2.2).
    """
    if len(raw) > _LONGEST_PATH:
        raise TargetError(f"path longer than {_LONGEST_PATH} characters")
    if not raw.isascii():
        raise TargetError("malformed path: only ASCII is lawful")
    for found in _ENCODED.finditer(raw):
        if found[1] is None:
            raise TargetError(f"malformed percent-encoding in {raw!r}")
        char = chr(int(found[1], 16))
        if char in "%/" or not char.isprintable() or not char.isascii():
            raise TargetError(f"malformed path {raw!r}: {found[0]} is not an encoding that a module path needs")
    return unquote_to_bytes(raw).decode("ascii")
