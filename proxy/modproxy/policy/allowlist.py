"""Allow and deny patterns: `modules` of the config.

Deny wins over allow. An allowlist is in force when the config has allow patterns or names an allowlist file, even an
empty one; without an allowlist every module is allowed that is not denied. Imposed rules are checked first, and are
enforced in DryRun too.
"""

from dataclasses import dataclass
from functools import lru_cache

from modproxy.contract.config import Imposed, ModulesConfig, PolicyMode
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import Pattern, first_match, parse_lines, parse_pattern

_REMEMBERED = 4096
"""Decisions: a list may have hundreds of patterns, and each file of a module asks again."""
_LONGEST_REMEMBERED = 200
"""Characters of a path: those of real modules are shorter, and a few thousand longer ones would take much memory."""


@dataclass(frozen=True, slots=True)
class ModuleRefusal:
    """Tells why a module may not be served."""

    path: ModulePath
    rule: str
    """The rule that refuses the module, for the log."""
    text: str
    """The refusal in words for the developer's terminal, of at most eight lines."""
    mode: PolicyMode
    """Whether the refusal is enforced, or only counted and logged."""

    @property
    def enforced(self) -> bool:
        """Whether the module is really not served."""
        return self.mode is PolicyMode.ENFORCE


class Allowlist:
    """Decides which modules one config allows to be served.

    `listed` is the text of the allowlist file; None when the config names no such file. Raises `PatternError` for a
    line of the text that is no pattern.
    """

    def __init__(self, modules: ModulesConfig, listed: str | None = None, fleet: str | None = None) -> None:
        self._mode = modules.mode
        imposed = modules.imposed or Imposed(by="")
        self._imposed_by = imposed.by
        self._imposed_deny = tuple(parse_pattern(p) for p in imposed.deny)
        self._imposed_allow = tuple(parse_pattern(p) for p in imposed.allow)
        self._deny = tuple(parse_pattern(p) for p in modules.deny)
        self._allow = tuple(parse_pattern(p) for p in modules.allow) + parse_lines(listed or "")
        self._allow_all = not self._allow and modules.allowlist_file is None
        self._fleet = fleet
        self._contact = modules.contact
        self._decided = lru_cache(_REMEMBERED)(self._decide)

    def refuse(self, path: ModulePath) -> ModuleRefusal | None:
        """Return why the module may not be served, or None when it may."""
        return self._decided(path) if len(path) <= _LONGEST_REMEMBERED else self._decide(path)

    def _decide(self, path: ModulePath) -> ModuleRefusal | None:
        return self._refuse_imposed(path) or self._refuse_own(path)

    def _refuse_imposed(self, path: ModulePath) -> ModuleRefusal | None:
        denied = first_match(self._imposed_deny, path)
        if denied:
            return self._refusal(path, f"{self._imposed_by} has {denied.text} in modules.deny", PolicyMode.ENFORCE)
        if not self._imposed_allow or first_match(self._imposed_allow, path):
            return None
        rule = (
            f"{self._imposed_by} has no pattern that matches it in modules.allow ({_count(self._imposed_allow)}); "
            "the fleet's own cannot allow it"
        )
        return self._refusal(path, rule, PolicyMode.ENFORCE)

    def _refuse_own(self, path: ModulePath) -> ModuleRefusal | None:
        denied = first_match(self._deny, path)
        if denied:
            return self._refusal(path, f"modules.deny has {denied.text}", self._mode)
        if self._allow_all or first_match(self._allow, path):
            return None
        return self._refusal(path, f"modules.allow has no pattern that matches it ({_count(self._allow)})", self._mode)

    def _refusal(self, path: ModulePath, rule: str, mode: PolicyMode) -> ModuleRefusal:
        keeper = f"GoProxy {self._fleet}" if self._fleet else "this module proxy"
        whom = self._contact or f"the owners of {keeper}"
        text = (
            f"forbidden: {path} may not be served by {keeper}\n"
            f"rule: {rule}\n"
            f"If you need this module, ask {whom} to allow it.\n"
        )
        return ModuleRefusal(path, rule, text, mode)


def _count(patterns: tuple[Pattern, ...]) -> str:
    return f"{len(patterns)} pattern{'s' if len(patterns) != 1 else ''} looked at"
