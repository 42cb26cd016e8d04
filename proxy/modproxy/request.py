"""One request for one target: the argument that travels from the listener through the cache to the sources."""

from dataclasses import dataclass

from modproxy.identity.principal import ANONYMOUS, Principal
from modproxy.mod.sumdb import SumdbTarget
from modproxy.mod.target import Target

AnyTarget = Target | SumdbTarget
"""What can be asked for: a module's file, or an answer of a checksum database."""


@dataclass(frozen=True, slots=True)
class Request:
    """Says what is asked for, by whom, and on whose behalf. The defaults are those of a request of the proxy's own."""

    target: AnyTarget
    via: str = ""
    """The Via header as it came (RFC 9110, 7.6.3): through which proxies the request has passed."""
    hop: int = 0
    """Through how many other replicas of this fleet the request has passed."""
    cached_only: bool = False
    """True where no request may leave for it (`Disable-Module-Fetch` of the Go Modules Reference)."""
    principal: Principal = ANONYMOUS
    id: str = ""
    """Names the request in logs; empty for one of the proxy's own."""
    trace: str | None = None
    """The `traceparent` header as it came (W3C Trace Context), if there was one."""
