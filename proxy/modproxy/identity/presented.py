"""What a client presents to prove who it is, and who answers whether that is a proof."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from multidict import MultiMapping

from modproxy.identity.principal import ANONYMOUS, Principal


@dataclass(frozen=True, slots=True)
class Presented:
    """Carries all that a request says of who makes it."""

    authorization: str | None
    """The Authorization header (RFC 9110, section 11.6.2); None without one. Several are joined, and prove nothing."""
    peer: str
    """The address that the connection comes from, without its port; empty where it has none."""
    headers: MultiMapping[str]
    """All headers of the request."""


class BadCredential(Exception):
    """The credential proves nobody. The message is the reason, for the log and the audit."""

    def __init__(self, reason: str, told: str = "the credential is not good") -> None:
        super().__init__(reason)
        self.told = told
        """What the client is told: nothing by which it could find out which users there are."""


class TooManyFailures(Exception):
    """So many credentials from one address were bad that the next one is not looked at."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many bad credentials from this address: ask again in {retry_after} s")
        self.retry_after = retry_after
        """Seconds."""


class WhoAsks(Protocol):
    """Finds out who makes a request."""

    headers: frozenset[str]
    """The names, in lower case, of the headers that say who asks. Empty where nobody is told from anybody."""
    on_change: list[Callable[[], None]]
    """Called on the event loop when what `remembered` has returned may hold no longer."""

    async def who(self, presented: Presented) -> Principal:
        """Return who asks: the anonymous principal without a credential.

        Raises `BadCredential` and `TooManyFailures`.
        """
        ...

    def remembered(self, authorization: str) -> tuple[Principal, float] | None:
        """Return whom an Authorization header has proved before, and until when that holds, in seconds since the epoch.

        Returns None where it has to be proved. It must be quick.
        """
        ...


class Everybody:
    """Tells nobody from anybody: the config names no way to prove who asks."""

    def __init__(self) -> None:
        self.headers: frozenset[str] = frozenset()
        self.on_change: list[Callable[[], None]] = []

    async def who(self, presented: Presented) -> Principal:
        """Return the anonymous principal, whatever is presented."""
        return ANONYMOUS

    def remembered(self, authorization: str) -> tuple[Principal, float] | None:
        """Return None."""
        return None
