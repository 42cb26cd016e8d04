"""Versions: canonical versions, pseudo-versions, and the major version that a module path demands.

Source of the rules: golang.org/x/mod/semver, and `CanonicalVersion`, `CheckPathMajor` and `IsPseudoVersion` of
golang.org/x/mod/module.
"""

import re
from dataclasses import dataclass
from typing import NewType

from modproxy.mod.path import ModulePath, split_major

Version = NewType("Version", str)
"""A checked canonical version: vX.Y.Z with an optional pre-release and `+incompatible`. Its files never change."""

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PRERELEASE_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD_PART = r"[0-9A-Za-z-]+"
_SEMVER = re.compile(
    rf"v(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?P<prerelease>-{_PRERELEASE_PART}(?:\.{_PRERELEASE_PART})*)?"
    rf"(?P<build>\+{_BUILD_PART}(?:\.{_BUILD_PART})*)?",
    re.ASCII,
)
_PSEUDO = re.compile(
    r"v[0-9]+\.(?:0\.0-|[0-9]+\.[0-9]+-(?:[^+]*\.)?0\.)[0-9]{14}-[A-Za-z0-9]+"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
    re.ASCII,
)


class VersionError(ValueError):
    """The version breaks a rule; the message names the version and the rule."""


@dataclass(frozen=True, slots=True)
class Semver:
    """Carries the parts of a full semantic version."""

    major: str
    """As `v1`."""
    prerelease: str
    """With its leading `-`; empty without one."""
    build: str
    """With its leading `+`; empty without one."""


def parse_semver(text: str) -> Semver | None:
    """Split a semantic version that has all three numbers. Returns None for another text.

    Go's `semver.IsValid` also accepts the short forms `v1` and `v1.2`, which are only queries in module URLs.
    """
    found = _SEMVER.fullmatch(text)
    if not found:
        return None
    return Semver(f"v{found['major']}", found["prerelease"] or "", found["build"] or "")


def is_canonical(text: str) -> bool:
    """Say whether `module.CanonicalVersion` returns the text unchanged."""
    parsed = parse_semver(text)
    return parsed is not None and parsed.build in ("", "+incompatible")


def is_pseudo(text: str) -> bool:
    """Say whether the version is a pseudo-version. Lists have no pseudo-versions."""
    return text.count("-") >= 2 and is_canonical(text) and _PSEUDO.fullmatch(text) is not None


def check_version(path: ModulePath, text: str) -> Version:
    """Check that the text is a canonical version that `path` can have. Raises `VersionError`."""
    parsed = parse_semver(text)
    if parsed is None or parsed.build not in ("", "+incompatible"):
        raise VersionError(f"{path}@{text}: not a canonical version such as v1.2.3")
    fault = _major_fault(path, text, parsed)
    if fault:
        raise VersionError(f"{path}@{text}: {fault}")
    return Version(text)


def _major_fault(path: ModulePath, text: str, parsed: Semver) -> str | None:
    split = split_major(path)
    suffix = split[1].removesuffix("-unstable") if split else ""
    if suffix == ".v1" and text.startswith("v0.0.0-"):
        # Early pseudo-versions of gopkg.in modules begin with v0; they are lawful and still in use.
        return None
    if not suffix:
        if parsed.major in ("v0", "v1"):
            return "+incompatible is for v2 and up" if parsed.build else None
        return None if parsed.build else f"the path needs the suffix /{parsed.major}, or the version +incompatible"
    if parsed.major != suffix[1:]:
        return f"major version should be {suffix[1:]}, as the path says, not {parsed.major}"
    return f"+incompatible does not go with a path that ends in {suffix}" if parsed.build else None
