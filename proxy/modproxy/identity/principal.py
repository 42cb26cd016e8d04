"""The principal of a request: a user or a service account, in the terms of OIDC and Kubernetes."""

from dataclasses import dataclass
from enum import StrEnum


class AuthMethod(StrEnum):
    """How a principal was proved."""

    ANONYMOUS = "anonymous"
    """Not at all."""
    BASIC = "basic"
    OIDC = "oidc"
    SERVICE_ACCOUNT = "serviceAccount"
    TRUSTED_PROXY = "trustedProxy"


@dataclass(frozen=True, slots=True)
class Principal:
    """Names who makes a request, as far as this is proved."""

    name: str
    """The name of the user or of the service account."""
    groups: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    """The scopes of an OAuth token (RFC 6749, section 3.3)."""
    method: AuthMethod = AuthMethod.ANONYMOUS


ANONYMOUS = Principal("anonymous")
"""The principal of a request without a credential."""
