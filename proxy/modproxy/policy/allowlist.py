"""Allow and deny patterns: `modules` of the config.

Deny wins over allow. An allowlist is in force when the config has allow patterns or names an allowlist file, even an
empty one; without an allowlist every module is allowed that is not denied. Imposed rules are checked first, and are
enforced in DryRun too.
"""

from functools import lru_cache

from modproxy.contract.config import Imposed, ModulesConfig, PolicyMode
from modproxy.mod.path import ModulePath
from modproxy.mod.pattern import Pattern, first_match, parse_lines, parse_pattern
from modproxy.policy.decision import RuleKind, RuleRefusal

_REMEMBERED = 4096
"""Decisions: a list may have hundreds of patterns, and each file of a module asks again."""
_LONGEST_REMEMBERED = 200
"""Characters of a path: those of real modules are shorter, and a few thousand longer ones would take much memory."""


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
        self._imposed_decided = lru_cache(_REMEMBERED)(self._decide_imposed)
        self._own_decided = lru_cache(_REMEMBERED)(self._decide_own)

    def refuse(self, path: ModulePath) -> RuleRefusal | None:
        """Return why the module may not be served, or None when it may."""
        return self.refuse_imposed(path) or self.refuse_own(path)

    def refuse_imposed(self, path: ModulePath) -> RuleRefusal | None:
        """Return why the module may not be served by what others impose on the fleet, or None when it may."""
        if not self._imposed_deny and not self._imposed_allow:
            return None
        return self._imposed_decided(path) if len(path) <= _LONGEST_REMEMBERED else self._decide_imposed(path)

    def refuse_own(self, path: ModulePath) -> RuleRefusal | None:
        """Return why the module may not be served by the fleet's own patterns, or None when it may."""
        return self._own_decided(path) if len(path) <= _LONGEST_REMEMBERED else self._decide_own(path)

    @property
    def imposes(self) -> str:
        """Who imposes patterns on the fleet, in words; empty where nobody does."""
        return self._imposed_by if self._imposed_deny or self._imposed_allow else ""

    def allowed_by(self, path: ModulePath) -> str:
        """Say why the fleet's own patterns do not refuse a module that `refuse_own` lets pass."""
        if self._allow_all:
            return "modules.deny has no pattern that matches it" if self._deny else ""
        found = first_match(self._allow, path)
        return f"modules.allow has {found.text}" if found is not None else ""

    def _decide_imposed(self, path: ModulePath) -> RuleRefusal | None:
        denied = first_match(self._imposed_deny, path)
        if denied:
            return self._refusal(
                RuleKind.CLASS, path, f"{self._imposed_by} has {denied.text} in modules.deny", PolicyMode.ENFORCE
            )
        if not self._imposed_allow or first_match(self._imposed_allow, path):
            return None
        rule = (
            f"{self._imposed_by} has no pattern that matches it in modules.allow ({_count(self._imposed_allow)}); "
            "the fleet's own cannot allow it"
        )
        return self._refusal(RuleKind.CLASS, path, rule, PolicyMode.ENFORCE)

    def _decide_own(self, path: ModulePath) -> RuleRefusal | None:
        denied = first_match(self._deny, path)
        if denied:
            return self._refusal(RuleKind.MODULES, path, f"modules.deny has {denied.text}", self._mode)
        if self._allow_all or first_match(self._allow, path):
            return None
        rule = f"modules.allow has no pattern that matches it ({_count(self._allow)})"
        return self._refusal(RuleKind.MODULES, path, rule, self._mode)

    def _refusal(self, kind: RuleKind, path: ModulePath, rule: str, mode: PolicyMode) -> RuleRefusal:
        keeper = f"GoProxy {self._fleet}" if self._fleet else "this module proxy"
        whom = self._contact or f"the owners of {keeper}"
        text = (
            f"forbidden: {path} may not be served by {keeper}\n"
            f"rule: {rule}\n"
            f"If you need this module, ask {whom} to allow it.\n"
        )
        return RuleRefusal(kind, rule, text, mode)


def _count(patterns: tuple[Pattern, ...]) -> str:
    return f"{len(patterns)} pattern{'s' if len(patterns) != 1 else ''} looked at"
