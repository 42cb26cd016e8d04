"""Whether the versions of modules may be served by what is known of them: vulnerabilities first, then age.

A judge belongs to one config and to one state of the vulnerability database. It answers at once where everything is
known, so that most requests wait for nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modproxy.contract.config import ModulesConfig, PolicyMode
from modproxy.contract.duration import format_duration
from modproxy.facts.ages import Ages
from modproxy.facts.known_answers import Answers, is_release, newest_first, versions_of
from modproxy.facts.license_judge import LicenseJudge
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import first_match, parse_pattern
from modproxy.mod.semver_ranges import order_of
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.policy.vulnerabilities import TOOLCHAIN, KnownVulnerability, VulnerabilityRule
from modproxy.policy.wording import Wording
from modproxy.source.protocol import NotFound, SourceError

_MOST_VERDICTS = 20_000
"""Versions whose verdict is remembered, some 4 MB."""
_FOR_NOW_SECONDS = 30.0
"""How long a verdict is remembered that may change: a version becomes old enough, and a newer release makes that there
is something to mend."""
_MOST_TRIED = 16
"""Versions that are looked at for one that may be had instead."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided of a version. Nothing in it means that the version may be served."""

    refusals: tuple[RuleRefusal, ...] = ()
    """In the order of the rules; those after an enforced one were not decided."""

    @property
    def refused(self) -> bool:
        """Whether the version is really not served."""
        return any(refusal.enforced for refusal in self.refusals)


ALLOWED = Verdict()


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that a version breaks."""

    kind: RuleKind
    reason: str
    rule: str
    mode: PolicyMode
    vulnerability: KnownVulnerability | None = None

    @property
    def enforced(self) -> bool:
        """Whether the version is really refused for it."""
        return self.mode is PolicyMode.ENFORCE


class Judge:
    """Judges by one config. `ages` is None without a minimum age, `vulnerabilities` without denyVulnerable."""

    def __init__(
        self,
        config: ModulesConfig,
        ages: Ages | None,
        vulnerabilities: VulnerabilityRule | None,
        answers: Answers,
        wording: Wording,
        *,
        licenses: LicenseJudge | None = None,
        of_held: "Judge | None" = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ages = ages
        self.age_mode = config.mode_of(config.minimum_age_mode)
        self.age_rule = f"modules.minimumAge is {format_duration(config.minimum_age or 0)}"
        self._exclude = tuple(map(parse_pattern, config.minimum_age_exclude))
        self.vulnerabilities = vulnerabilities
        """None without denyVulnerable."""
        self.licenses = licenses
        """None without rules about licences."""
        self.of_held = of_held or self
        """Judges what is asked for by somebody for whom nothing is fetched."""
        self.answers = answers
        """The small answers of the cache, under the rules that the judge belongs to."""
        self._wording = wording
        self._clock = clock
        self._verdicts: dict[tuple[str, str], tuple[float, Verdict]] = {}
        """With the time until which each is good."""

    def at_once(self, path: ModulePath, version: str) -> Verdict | None:
        """Return the verdict where everything is known; None where `decide` has to ask somebody."""
        kept = self._verdicts.get((path, version))
        if kept is not None and self._clock() < kept[0]:
            return kept[1]
        if self._vulnerable(path, version) is not None:
            return None
        if self.waits(path) and self._ages is not None:
            found = self._ages.at_once(path, version)
            if found is None or not found.old:
                return None
        if self.licenses is not None and self.licenses.refuse(path, version) is not None:
            return None
        return self._keep(path, version, ALLOWED)

    async def decide(self, path: ModulePath, version: str) -> Verdict:
        """Return the verdict.

        Raises `SourceError` when nobody can tell how old the version is: `NotFound` when there is no such version.
        """
        known = self.at_once(path, version)
        if known is not None:
            return known
        faults, lasting = await self._faults(path, version)
        refusals = []
        for fault in faults:
            text = self._wording.refusal(
                f"{path}@{version}", fault.reason, fault.rule, await self._instead(path, version, fault)
            )
            refusals.append(RuleRefusal(fault.kind, fault.rule, text, fault.mode))
        verdict = Verdict(tuple(refusals)) if refusals else ALLOWED
        return self._keep(path, version, verdict, for_now=True) if lasting else verdict

    async def may_be_had(self, path: ModulePath, version: str) -> bool:
        """Say whether a version is not refused. Raises `SourceError`."""
        known = self.at_once(path, version)
        if known is not None:
            return not known.refused
        faults, _ = await self._faults(path, version)
        return not any(fault.enforced for fault in faults)

    async def _can_be_had(self, path: ModulePath, version: str) -> bool:
        """Say whether a version exists and is not refused. Raises `SourceError`."""
        try:
            return await self.may_be_had(path, version)
        except NotFound:
            return False

    def by_log(self, path: ModulePath) -> bool:
        """Say whether questions about the module's versions are cheap: for those that only version control can answer,
        they are not.
        """
        return self._ages is None or not self.waits(path) or self._ages.by_log(path)

    def has_to_ask_log(self, path: ModulePath, version: str) -> bool:
        """Say whether only the checksum database can tell how old the version is."""
        if self._ages is None or not self.waits(path) or not self._ages.by_log(path):
            return False
        return self._ages.at_once(path, version) is None

    async def newest(self, path: ModulePath, versions: Sequence[str], *, but: str = "") -> str | None:
        """Return the newest version of a list that may be had: a release if there is one. Raises `SourceError`."""
        tried = 0
        for version in newest_first(versions):
            if version == but:
                continue
            if await self._can_be_had(path, version):
                return version
            tried += 1
            if tried >= _MOST_TRIED:
                break
        return None

    async def _faults(self, path: ModulePath, version: str) -> tuple[list[Fault], bool]:
        """Return the rules that the version breaks, and whether that holds for a while."""
        found = [self.by_vulnerability(path, version)]
        if found[0] is not None and found[0].enforced:
            return [found[0]], True
        lasting = True
        try:
            found.append(await self.by_age(path, version))
        except NotFound:
            if self.age_mode is PolicyMode.ENFORCE:
                raise  # an upstream could otherwise keep back the .info of a young version
            lasting = False  # it may be published at any moment
        if not any(fault.enforced for fault in found if fault is not None):
            found.append(self.by_license(path, version))
        return [fault for fault in found if fault is not None], lasting

    def by_vulnerability(self, path: ModulePath, version: str) -> Fault | None:
        """Return the fault of a version with a known vulnerability; None for one without."""
        vulnerable = self._vulnerable(path, version)
        if vulnerable is None or self.vulnerabilities is None:
            return None
        reason = f"it has the known vulnerability {vulnerable.id}"
        mode = self.vulnerabilities.mode
        return Fault(RuleKind.VULNERABILITIES, reason, "modules.denyVulnerable is true", mode, vulnerable)

    async def by_age(self, path: ModulePath, version: str) -> Fault | None:
        """Return the fault of a version that is too young; None for another one. Raises `SourceError`."""
        if not self.waits(path) or self._ages is None:
            return None
        found = await self._ages.find(path, version)
        if found.old or await self._mends(path, version):
            return None
        return Fault(RuleKind.AGE, found.reason, self.age_rule, self.age_mode)

    def by_license(self, path: ModulePath, version: str) -> Fault | None:
        """Return the fault of a version by its licences; None for another one, and while they are not known."""
        found = self.licenses.refuse(path, version) if self.licenses is not None else None
        if found is None or self.licenses is None:
            return None
        return Fault(RuleKind.LICENSES, found.reason, found.rule, self.licenses.mode)

    def _vulnerable(self, path: ModulePath, version: str) -> KnownVulnerability | None:
        return self.vulnerabilities.find(path, version) if self.vulnerabilities is not None else None

    @property
    def asks_age(self) -> bool:
        """Whether there is a minimum age."""
        return self._ages is not None

    def waits(self, path: ModulePath) -> bool:
        """Say whether the versions of a module have to have the minimum age."""
        return self._ages is not None and first_match(self._exclude, path) is None

    async def _mends(self, path: ModulePath, version: str) -> bool:
        """Say whether the version ends a known vulnerability of the newest version that is old enough."""
        rule, ages = self.vulnerabilities, self._ages
        if rule is None or rule.table is None or ages is None or not rule.table.of(path):
            return False
        tried = 0
        for other in newest_first(await versions_of(self.answers, path)):
            if other == version:
                continue
            try:
                old = (await ages.find(path, other)).old
            except SourceError:
                old = False
            if old:
                return rule.mends(path, version, other)
            tried += 1
            if tried >= _MOST_TRIED:
                break
        return False

    async def _instead(self, path: ModulePath, version: str, fault: Fault) -> str | None:
        """Say which version may be had. What cannot be found out is left out."""
        if fault.kind is RuleKind.LICENSES:
            return "use a version under another licence, or another module"
        if path == TOOLCHAIN:
            fixes = fault.vulnerability.fixes if fault.vulnerability is not None else ()
            return f"use {fixes[0]} or a later Go" if fixes else None
        try:
            versions = await versions_of(self.answers, path)
            if fault.vulnerability is not None:
                return await self._fixed(path, versions, fault.vulnerability)
            other = await self.newest(path, versions, but=version)
        except SourceError:
            return None
        return None if other is None else f"go get {path}@{other}, which may be had"

    async def _fixed(self, path: ModulePath, versions: Sequence[str], found: KnownVulnerability) -> str | None:
        if not found.fixes:
            return "no version of it is known to be fixed: use another module"
        least = order_of(found.fixes[0])
        above = sorted((v for v in versions if order_of(v) >= least and is_release(v)), key=order_of)
        for other in above[:_MOST_TRIED]:
            if await self._can_be_had(path, other):
                return f"go get {path}@{other}, the first fixed version that may be had"
        return f"it is fixed in {found.fixes[0]}, which may not be had yet"

    def _keep(self, path: str, version: str, verdict: Verdict, *, for_now: bool = False) -> Verdict:
        if self.licenses is not None and self.licenses.lacks(path, version):
            return verdict  # it may be otherwise as soon as the licences are known
        if len(self._verdicts) >= _MOST_VERDICTS:
            del self._verdicts[next(iter(self._verdicts))]
        until = self._clock() + _FOR_NOW_SECONDS if for_now else float("inf")
        self._verdicts[path, version] = until, verdict
        return verdict
