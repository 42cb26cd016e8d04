"""What was measured on one hop of a request's way. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

SLOW_SECONDS = 5.0
"""What takes longer is told of: go waits, and people ask why."""


FLEET = "fleet"
VERSION_CONTROL = "version control"
"""Names of hops."""


class Fault(StrEnum):
    """Why there is no whole answer."""

    NAME = "nameNotFound"
    REFUSED = "connectionRefused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connectTimeout"
    PROXY = "httpProxyRefuses"
    TLS_EXPIRED = "certificateExpired"
    TLS_NAME = "certificateOfAnotherName"
    TLS_AUTHORITY = "certificateOfUnknownAuthority"
    TLS_SERVER_NAME = "serverNameUnknown"
    TLS_CLIENT = "clientCertificateWanted"
    TLS_OTHER = "tlsFails"
    NO_HEAD = "noHead"
    """The connection is there, and no answer begins in time."""
    BODY_TIMEOUT = "bodyStops"
    """The answer begins, and does not end in time."""
    BROKEN = "connectionBreaks"
    """The connection ends before the answer does, or what comes is no HTTP."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that a server has shown, trusted or not."""

    names: tuple[str, ...] = ()
    issuer: str = ""
    not_after: str = ""
    """RFC 3339, in UTC."""
    is_self_signed: bool = False
    subject: str = ""
    not_before: str = ""
    left: float = 0.0
    """The share of its life that is left, from 0 to 1; 0 too where its life has not begun."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request to one server. Times are in seconds; None where that step was not reached."""

    name: str
    """What the server is, such as `fleet`."""
    url: str
    """What was asked for, without a login."""
    host: str = ""
    """The host whose name was looked up: that of the HTTP proxy where there is one."""
    http_proxy: str = ""
    """The URL of the HTTP proxy of the environment, without a login; empty without one."""
    address: str = ""
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None
    tls_version: str = ""
    server_name: str = ""
    """What the client named in the handshake (SNI)."""
    chain: tuple[Certificate, ...] = ()
    """The certificates that the server has sent, trusted or not, its own first."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    """Those of `KEPT_HEADERS`, by their names in lower case."""
    body: str = ""
    """The first lines of an error's body, as text for people."""
    fault: Fault | None = None
    words: str = ""
    """What the system says of the fault."""
    with_credential: bool = False
    """Whether a credential was sent."""
    waited: float = 0.0
    """The bound of the step that took too long."""
    slow_after: float = SLOW_SECONDS
    """A first byte that takes longer is told of."""

    @property
    def certificate(self) -> Certificate | None:
        """The server's own certificate."""
        return self.chain[0] if self.chain else None


KEPT_HEADERS = (
    "server",
    "via",
    "retry-after",
    "www-authenticate",
    "location",
    "x-request-id",
    "age",
    "cache-status",
    "content-length",
)
"""Headers of an answer that tell something, and that hold no secret."""
