"""Who asks for hits: a principal and what it may read, and the header blocks by which it asks."""

from dataclasses import dataclass

from modproxy.contract.config import Verb
from modproxy.identity.principal import Principal
from modproxy.policy.permissions import Permissions

_MOST_MODULES = 4096
"""How many modules are remembered that may be read with some rights: a large build has some thousand."""


class Caller:
    """Knows which modules one principal may read, decided as the handler decides it."""

    __slots__ = ("_permissions", "principal", "readable")

    def __init__(self, principal: Principal, permissions: Permissions, readable: set[str | None]) -> None:
        self.principal = principal
        self._permissions = permissions
        self.readable = readable
        """Modules that it was found to may read; None among them stands for what tells of no module. All callers with
        the same rights share it, since a client may have many names, and a set takes up to 256 KiB.
        """

    def may_read(self, module: str | None) -> bool:
        """Decide whether the principal may read what tells of a module."""
        if Verb.READ not in self._permissions.rights(self.principal, module):
            return False
        if len(self.readable) >= _MOST_MODULES:
            self.readable.clear()
        self.readable.add(module)
        return True


@dataclass(slots=True)
class Asker:
    """Tells who asks by one header block. It is not frozen, because to make a frozen one takes three times as long."""

    caller: Caller
    until: float
    """Until when the block proves it, in seconds since the epoch."""
    id: bytes | None
    """The name that the client gave its request; None without one, or with a malformed one."""
