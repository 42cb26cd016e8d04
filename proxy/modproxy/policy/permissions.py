"""Who may do what: `access` of the config.

Without that section everybody may read and fetch. With it nothing is granted but by `anonymous`, which is for
everybody, and by the rules, which are for those whom they name. A principal has all that any rule grants.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from modproxy.contract.config import AccessConfig, RuleConfig, Verb
from modproxy.identity.principal import ANONYMOUS, AuthMethod, Principal
from modproxy.mod.pattern import Pattern, first_match, parse_pattern
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.quoting import escape_controls

AUTHENTICATED = "system:authenticated"
"""The group of everybody who has proved who he is, as in Kubernetes."""
UNAUTHENTICATED = "system:unauthenticated"
"""The group of the anonymous principal, as in Kubernetes."""
_REMEMBERED = 8192
"""Decisions: each file of a module asks again, and a list of rules may be long."""
_LONGEST_REMEMBERED = 200
"""Characters of a path: those of real modules are shorter, and thousands of longer ones would take much memory."""
_OPEN: Mapping[Verb, str] = {Verb.READ: "access is not configured", Verb.FETCH: "access is not configured"}

Rights = Mapping[Verb, str]
"""What somebody may do, and the rule that grants it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    users: frozenset[str]
    groups: frozenset[str]
    patterns: tuple[Pattern, ...]
    verbs: tuple[Verb, ...]

    def is_for(self, principal: Principal) -> bool:
        if principal.name in self.users or not self.groups.isdisjoint(principal.groups):
            return True
        return (UNAUTHENTICATED if principal.method is AuthMethod.ANONYMOUS else AUTHENTICATED) in self.groups


class Permissions:
    """Decides who may do what with which module. `keeper` names the fleet in refusals, and `contact` whom to ask."""

    def __init__(self, access: AccessConfig | None, fleet: str | None = None, contact: str | None = None) -> None:
        self._open = access is None
        access = access or AccessConfig()
        self._everybody = dict.fromkeys(access.anonymous, "access.anonymous")
        self._rules = tuple(_rule(f"access.rules[{index}]", rule) for index, rule in enumerate(access.rules))
        self._hide = access.hide
        self._proves = access.proves
        self.keeper = f"GoProxy {fleet}" if fleet else "this module proxy"
        """The fleet, in words."""
        self.contact = contact or f"the owners of {self.keeper}"
        """Whom a developer asks for a right."""
        self._decided = lru_cache(_REMEMBERED)(self._decide)

    def rights(self, principal: Principal, path: str | None) -> Rights:
        """Return what the principal may do with a module; where `path` is None, with any module at all."""
        if self._open:
            return _OPEN
        if path is not None and len(path) > _LONGEST_REMEMBERED:
            return self._decide(principal, path)
        return self._decided(principal, path)

    def tells_names(self, principal: Principal) -> bool:
        """Say whether a client may learn names of users: not somebody who could prove who he is and has not."""
        return not self._proves or principal != ANONYMOUS

    def rules_for(self, principal: Principal) -> tuple[str, ...]:
        """Return the names of the rules that are for a principal: with the same rules go the same rights."""
        return tuple(rule.name for rule in self._rules if rule.is_for(principal))

    def _decide(self, principal: Principal, path: str | None) -> Rights:
        rights = dict(self._everybody)
        for rule in self._rules:
            if rule.is_for(principal) and (path is None or first_match(rule.patterns, path) is not None):
                for verb in rule.verbs:
                    rights.setdefault(verb, rule.name)
        return rights

    def refuse(self, principal: Principal, verb: Verb, path: str | None) -> RuleRefusal | None:
        """Return why the principal may not do it, or None when it may.

        The status is 401 for somebody who could prove who he is and has not, 403 for others; 404 where `hide` says that
        those who may not see a module must not learn whether there is one.
        """
        if verb in self.rights(principal, path):
            return None
        what = path or "anything"
        if principal == ANONYMOUS and self._proves:
            return _refusal(
                HTTPStatus.UNAUTHORIZED,
                f"nothing in access lets anonymous clients {verb.value} {what}",
                f"unauthorized: {self.keeper} asks for a credential to {verb.value} {what}",
                f"Give one in ~/.netrc, by GOAUTH, or in the URL of GOPROXY; {self.contact} can tell which.",
            )
        rule = f"nothing in access lets {escape_controls(principal.name)} {verb.value} {what}"
        if self._hide:
            return RuleRefusal(RuleKind.ACCESS, rule, f"not found: {what}\n", status=404)
        return _refusal(
            HTTPStatus.FORBIDDEN,
            rule,
            f"forbidden: {escape_controls(principal.name)} may not {verb.value} {what} at {self.keeper}",
            f"If you need it, ask {self.contact} for a rule in access.",
        )


def _refusal(status: int, rule: str, what: str, instead: str) -> RuleRefusal:
    text, challenge = f"{what}\nrule: {rule}\n{instead}\n", status == HTTPStatus.UNAUTHORIZED
    return RuleRefusal(RuleKind.ACCESS, rule, text, status=status, challenge=challenge)


def _rule(name: str, config: RuleConfig) -> _Rule:
    accounts = frozenset(f"system:serviceaccount:{one.replace('/', ':', 1)}" for one in config.service_accounts)
    return _Rule(
        name,
        frozenset(config.users) | accounts,
        frozenset(config.groups),
        tuple(map(parse_pattern, config.modules)),
        config.verbs,
    )
