"""`modules` of the config: what may be served."""

from enum import StrEnum

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import PatternText


class PolicyMode(StrEnum):
    """What happens to a module that may not be served."""

    ENFORCE = "Enforce"
    DRY_RUN = "DryRun"


class Imposed(Section):
    """Rules in force on top of a fleet's own, which its keepers cannot weaken: enforced whatever `mode` says."""

    by: str = Field(max_length=256)
    """Who imposes them, in the words of a refusal."""
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """What may be served has to match these too. Empty: everything that is not denied."""
    deny: tuple[PatternText, ...] = Field((), strict=False)


class ModulesConfig(Section):
    """What may be served."""

    mode: PolicyMode = Field(PolicyMode.ENFORCE, strict=False)
    allow: tuple[PatternText, ...] = Field((), strict=False)
    """Empty, and no `allowlistFile`: everything that is not denied."""
    deny: tuple[PatternText, ...] = Field((), strict=False)
    contact: str | None = Field(None, max_length=256)
    """Whom a developer asks about a refusal: a name, a channel, an address."""
    allowlist_file: str | None = None
    """A file, relative to the config file's folder, with one more pattern a line. Once named it is in force, even when
    it is empty."""
    imposed: Imposed | None = None
