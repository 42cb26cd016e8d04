"""Whether a version has a known vulnerability for which it may not be served. Pure.

Refused by default is only what can be mended: the entry is reviewed, it names a fixed version, and its bounds are in
versions that Go can order. An entry with `custom_ranges` matches every version by Go's rule, although a fix exists.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modproxy.contract.config import PolicyMode, VulnerabilitiesConfig, Widening
from modproxy.mod.semver_ranges import fixes_above, semver_of_toolchain
from modproxy.policy.osv import Vulnerability, VulnerabilityTable

TOOLCHAIN = "golang.org/toolchain"
_PSEUDO_MODULES = ("toolchain", "stdlib")
"""What the database calls the go command and the standard library: a toolchain has both."""


@dataclass(frozen=True, slots=True)
class KnownVulnerability:
    """A vulnerability for which a version is refused."""

    id: str
    fixes: tuple[str, ...]
    """The versions that end the vulnerability, the lowest first, as the module writes versions."""


class VulnerabilityRule:
    """Decides by one config and one state of the database. `mode` is that of the rule; None without the rule."""

    def __init__(self, config: VulnerabilitiesConfig, table: VulnerabilityTable | None, mode: PolicyMode) -> None:
        self.mode = mode
        self.table = table
        self._except = frozenset(config.except_)
        self._unreviewed = config.unreviewed is Widening.DENY
        self._unfixed = config.unfixed is Widening.DENY

    def find(self, path: str, version: str) -> KnownVulnerability | None:
        """Return the first vulnerability for which the version is refused; None when it may be served."""
        return next((known for known, counts in self.known(path, version) if counts), None)

    def known(self, path: str, version: str) -> Iterator[tuple[KnownVulnerability, bool]]:
        """Yield each vulnerability of the version, and whether the version is refused for it."""
        if self.table is None:
            return
        if path != TOOLCHAIN:
            for one in self.table.of(path):
                if one.affects(version):
                    fixes = tuple(f"v{f}" for f in fixes_above(one.ranges, version))
                    yield KnownVulnerability(one.id, fixes), self._counts(one)
            return
        release = semver_of_toolchain(version)
        if release is None:
            return
        for name in _PSEUDO_MODULES:
            for one in self.table.of(name):
                if one.affects(release):
                    # The name of a toolchain says its platform too, so the release is what can be told.
                    fixes = tuple(f"go{f}" for f in fixes_above(one.ranges, release))
                    yield KnownVulnerability(one.id, fixes), self._counts(one)

    def mends(self, path: str, version: str, other: str) -> bool:
        """Say whether the database names `version` as the end of a vulnerability that `other` has."""
        if self.table is None:
            return False
        bare = version.removeprefix("v").removesuffix("+incompatible")
        return any(
            self._counts(one)
            and one.affects(other)
            and not one.affects(version)
            and any(event.fixed == bare for range_ in one.ranges for event in range_.events)
            for one in self.table.of(path)
        )

    def _counts(self, one: Vulnerability) -> bool:
        if one.id in self._except or one.custom:
            return False
        return (one.reviewed or self._unreviewed) and (one.has_fix or self._unfixed)
