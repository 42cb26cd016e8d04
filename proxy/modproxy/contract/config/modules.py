"""`modules` of the config: which modules may be served."""

from enum import StrEnum

from pydantic import Field

from modproxy.contract.config.section import Section
from modproxy.contract.fields import PatternText


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
    imposed: Imposed | None = None
