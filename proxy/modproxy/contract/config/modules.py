"""`modules` of the config: which modules may be served."""

from enum import StrEnum

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import DatabaseUrl, Duration, LicenseId, PatternText, VulnerabilityId


class PolicyMode(StrEnum):
    """What happens to a module that may not be served."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Imposed(Section):
    """Configures rules that others impose on the fleet. They are enforced even when `mode` is DryRun."""

    by: str = Field(max_length=256)
    """Who imposes the rules, in the words of a refusal."""
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns that a module has to match besides the fleet's own. When empty, every module matches."""
    deny: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules that may not be served."""


class Widening(StrEnum):
    """Whether a rule counts for what it does not count for by itself."""

    ALLOW = "Allow"
    DENY = "Deny"


class VulnerabilitiesConfig(Section):
    """Configures which known vulnerabilities count, and where they are known from."""

    url: DatabaseUrl | None = None
    """The Go vulnerability database, a mirror of it, or a folder with its files (`file:///`); when absent, the
    variable GOVULNDB of the process's environment.
    """
    except_: tuple[VulnerabilityId, ...] = Field((), strict=False, alias="except")
    """Entries that do not count."""
    unreviewed: Widening = Field(Widening.ALLOW, strict=False)
    """Whether entries count that the database's keepers have not reviewed."""
    unfixed: Widening = Field(Widening.ALLOW, strict=False)
    """Whether entries count that no version ends."""
    mode: PolicyMode | None = Field(None, strict=False)
    """When absent, that of `modules`."""


class LicensesConfig(Section):
    """Configures which licences a version may have. The rule is off without any pattern and with `unknown: Allow`."""

    allow: tuple[LicenseId, ...] = Field((), strict=False)
    """SPDX identifiers: each licence that is found has to be among them. When empty, all are that are not denied."""
    deny: tuple[LicenseId, ...] = Field((), strict=False)
    """SPDX identifiers of licences that no version may have."""
    unknown: Widening = Field(Widening.ALLOW, strict=False)
    """Whether a version may be served of which no known licence is found."""
    mode: PolicyMode = Field(PolicyMode.DRY_RUN, strict=False)

    @property
    def asked_for(self) -> bool:
        """Whether there is anything to judge by."""
        return bool(self.allow or self.deny) or self.unknown is Widening.DENY


class ModulesConfig(Section):
    """Configures which modules may be served."""

    mode: PolicyMode = Field(PolicyMode.ENFORCE, strict=False)
    """Whether refusals are carried out, or only counted and logged."""
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules that may be served. When empty, and without `allowlistFile`, every module may that is not
    denied.
    """
    deny: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules that may not be served, even when `allow` matches."""
    contact: str | None = Field(None, max_length=256)
    """Whom a developer asks about a refusal: a name, a channel, an address."""
    allowlist_file: str | None = None
    """A file with more allow patterns, one a line, relative to the config file's folder. It is in force even when it is
    empty.
    """
    minimum_age: Duration | None = Field(None, gt=0)
    """A version that was published more recently may not be served; when absent, every version is old enough."""
    minimum_age_exclude: tuple[PatternText, ...] = Field((), strict=False)
    """Patterns of modules whose versions are old enough at once."""
    minimum_age_mode: PolicyMode | None = Field(None, strict=False)
    """When absent, `mode`."""
    deny_vulnerable: bool = False
    """Whether a version with a known vulnerability may not be served."""
    vulnerabilities: VulnerabilitiesConfig = VulnerabilitiesConfig()
    licenses: LicensesConfig = LicensesConfig()
    imposed: Imposed | None = None

    def mode_of(self, own: PolicyMode | None) -> PolicyMode:
        """Return the mode of a rule that has a mode of its own: DryRun of the whole section is stronger."""
        return PolicyMode.DRY_RUN if self.mode is PolicyMode.DRY_RUN else own or self.mode
