"""The newest refusals, for people who want to know what was refused and why. They are in memory, and bounded.

One principal who is refused again and again does not push out what others were refused.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from modproxy.contract.config import Verb
from modproxy.identity.principal import Principal
from modproxy.mod.target import Target
from modproxy.policy.decision import RuleKind, RuleRefusal
from modproxy.policy.permissions import Permissions

_MOST = 500
_LONGEST_TEXT = 2000
_LONGEST_NAME = 200
"""Characters of a module path or a version: longer ones are not remembered."""
_OF_WHO_ASKS = frozenset([RuleKind.ACCESS, RuleKind.IDENTITY])
"""Refusals whose words name who has asked: they are shown to the same principal only."""


@dataclass(frozen=True, slots=True)
class RecentRefusal:
    """Tells one refusal."""

    module: str
    version: str
    kind: RuleKind
    rule: str
    text: str
    enforced: bool
    principal: str
    at: float
    """When it came last, in seconds since the epoch."""
    times: int = 1


class RecentRefusals:
    """Remembers refusals of modules' files. `clock` is in seconds since the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._found: OrderedDict[tuple[str, str, str, RuleKind], RecentRefusal] = OrderedDict()
        self._of: Counter[str] = Counter()

    def note(self, target: object, by: RuleRefusal, principal: Principal) -> None:
        """Note a refusal. A client that is only asked for its credential was refused nothing."""
        if by.challenge or not isinstance(target, Target):
            return
        if len(target.path) > _LONGEST_NAME or len(target.version) > _LONGEST_NAME:
            return
        who = principal.name[:_LONGEST_NAME]
        key = who, target.path, str(target.version), by.kind
        known = self._found.pop(key, None)
        if known is not None:
            self._found[key] = replace(known, at=self._clock(), times=known.times + 1, text=by.text[:_LONGEST_TEXT])
            return
        if len(self._found) >= _MOST:
            self._forget_one()
        self._of[who] += 1
        self._found[key] = RecentRefusal(
            target.path, str(target.version), by.kind, by.rule[:_LONGEST_TEXT], by.text[:_LONGEST_TEXT], by.enforced,
            who, self._clock(),
        )  # fmt: skip

    def _forget_one(self) -> None:
        """Forget the oldest refusal of the principal who has the most."""
        most = self._of.most_common(1)[0][0]
        key = next(key for key in self._found if key[0] == most)
        del self._found[key]
        self._of[most] -= 1
        if not self._of[most]:
            del self._of[most]

    def shown_to(self, principal: Principal, permissions: Permissions, most: int) -> list[RecentRefusal]:
        """Return the newest refusals that a principal may see: of modules that he may read, and no other's name."""
        found: list[RecentRefusal] = []
        for one in reversed(self._found.values()):
            own = one.principal == principal.name
            if one.kind in _OF_WHO_ASKS and not own:
                continue
            if Verb.READ in permissions.rights(principal, one.module):
                found.append(one)
            if len(found) >= most:
                break
        return found
