"""Which toolchain the go command runs for a folder, and whether go has to fetch it. Pure.

Source of the rules: `Select` of cmd/go/internal/toolchain, and https://go.dev/doc/toolchain.
"""

import re
from dataclasses import dataclass

from goproxy_operator.go_env.settings import GoEnv

MODULE = "golang.org/toolchain"
_NAME = re.compile(r"go([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4})|(beta|rc)([0-9]{1,4}))?(?:-.*)?", re.ASCII)
_FIRST_WITH_PATCH = 21
"""From Go 1.21 on the first release is 1.N.0, and 1.N names the language alone."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Says which versions of Go a folder names in its go.mod file; an empty text without that line."""

    go: str = ""
    """Such as `1.24`."""
    toolchain: str = ""
    """Such as `go1.24.1`, or `default`."""


@dataclass(frozen=True, slots=True)
class Local:
    """The go command of this machine."""

    version: str = ""
    """Such as `go1.26.8`; empty where there is none, or where it does not answer."""
    system: str = ""
    """Its GOHOSTOS and GOHOSTARCH, such as `linux-amd64`."""
    cached: frozenset[str] = frozenset()
    """Versions of the module `golang.org/toolchain` that its module cache has."""


def version_key(name: str) -> tuple[int, int, int, int] | None:
    """Return what orders toolchains; None for a text that names none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    major, minor = int(found[1]), int(found[2])
    if found[3] is not None:
        return major, minor, 3, int(found[3])
    if found[4] is not None:
        return major, minor, 1 if found[4] == "beta" else 2, int(found[5])
    return major, minor, (0 if minor >= _FIRST_WITH_PATCH else 3), 0


def needed(setting: str, wanted: Wanted, local: Local) -> tuple[str, str]:
    """Return the name of the toolchain that runs, and which mode finds it: `auto`, `path`, or empty for this one only.

    The name is empty where the setting or the local version cannot be read.
    """
    first, plus, suffix = setting.partition("+")
    mode = setting if setting in ("auto", "path") else suffix
    name = local.version if first in ("auto", "path", "local") else first
    if version_key(name) is None or (plus and suffix not in ("auto", "path")):
        return "", ""
    if mode and wanted.toolchain != "default":
        least = version_key(name) or (0, 0, 0, 0)
        if (key := version_key(wanted.toolchain)) is not None and key > least:
            name, least = wanted.toolchain, key
        if (key := version_key(f"go{wanted.go}")) is not None and key > least:
            name = f"go{wanted.go}" + (".0" if key[2] == 0 else "")
    return name, mode


def to_fetch(env: GoEnv, wanted: Wanted, local: Local) -> str:
    """Return the version of `golang.org/toolchain` that go would fetch; empty where it fetches none."""
    name, mode = needed(env.value("GOTOOLCHAIN"), wanted, local)
    if not name or name == local.version or mode == "path" or not local.system:
        return ""
    version = f"v0.0.1-{name}.{local.system}"
    return "" if version in local.cached else version
