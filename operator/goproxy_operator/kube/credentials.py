"""What a way to the API server gives: where it is, whom to trust there, and who we are. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from goproxy_operator.kube.tls import TlsMaterial


class AccessError(Exception):
    """No way to the API server is known; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ApiCredentials:
    """One reading of a kubeconfig or of a service account."""

    server: str
    tls: TlsMaterial
    authorization: str | None = None
    """The value of the Authorization header."""
    proxy: str | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that say as whom we act, if as somebody else. A header may be there several times."""
    expires: datetime | None = None
    """When the API server stops taking them; None where that is not known."""


class Login(Protocol):
    """A source of credentials that can be read again and again."""

    def read(self, *, refused: bool) -> ApiCredentials:
        """Return the credentials of now, in bounded time. Raises `AccessError`.

        `refused` says that the API server did not take those of the last reading.
        """
