"""What holds for a fleet that has this one as its parent (a child). Pure.

The policies of both fleets hold: this one decides about modules, versions, vulnerabilities and licences as for its
clients. Who may ask is decided by `access.children`, whatever the other fields of `access` say of clients.
"""

from collections.abc import Callable
from dataclasses import replace

from modproxy.identity.presented import Presented
from modproxy.identity.principal import AuthMethod, Principal
from modproxy.in_force import Rules
from modproxy.policy.permissions import Permissions


def child_of(account: str) -> Principal:
    """Return the principal of a child, by its service account as NAMESPACE/NAME."""
    namespace, _, name = account.partition("/")
    return Principal(f"system:serviceaccount:{namespace}:{name}", method=AuthMethod.SERVICE_ACCOUNT)


class Proved:
    """Knows who asks, because this was proved before the request came here."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal
        self.headers: frozenset[str] = frozenset()
        self.on_change: list[Callable[[], None]] = []

    async def who(self, presented: Presented) -> Principal:
        """Return the principal, whatever is presented."""
        return self._principal

    def remembered(self, authorization: str) -> tuple[Principal, float] | None:
        """Return None."""
        return None


def rules_for_child(rules: Rules, child: Principal) -> Rules:
    """Return the rules under which a child's request is answered: it may read and fetch what the fleet serves, and asks
    for paths without the prefix and the host names that clients use.
    """
    config = rules.config
    return replace(
        rules,
        identities=Proved(child),
        permissions=Permissions(None, config.fleet, config.modules.contact),
        prefix="",
        hosts=frozenset(),
    )
