"""One request for one target: the argument that travels from the listener through the cache to the sources."""

from dataclasses import dataclass

from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Target

AnyTarget = Target | SumdbTarget
"""What a client can request: a file of a module, or an answer of a checksum database."""


@dataclass(frozen=True, slots=True)
class Request:
    """Carries one request from the listener to the sources.

    The defaults are those of a request that the proxy makes itself.
    """

    target: AnyTarget
    via: str = ""
    """The Via header as the client sent it (RFC 9110, section 7.6.3): the proxies that the request has passed."""
    hop: int = 0
    """How many other replicas of this fleet the request has passed. With one, no further replica is made to fetch."""
    cached_only: bool = False
    """True when only files that the fleet holds may answer the request (`Disable-Module-Fetch` of the Go Modules
    Reference).
    """
    local: bool = False
    """True when only what this very replica stores may answer the request; it is `cached_only` too."""
    asked_by: str = ""
    """The name of the replica that has passed the request on; empty without one."""
    principal: Principal = ANONYMOUS
    """Who makes the request."""
    id: str = ""
    """Names the request in logs; empty for a request that the proxy makes itself."""
    trace: str | None = None
    """The `traceparent` header (W3C Trace Context) as the client sent it; None without a lawful one."""
