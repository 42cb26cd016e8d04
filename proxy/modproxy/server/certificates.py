"""The certificate that clients are shown: it is read from a mounted Secret, and read anew after each change of the
Secret.

A new certificate changes nothing for open connections. A certificate that cannot be used never replaces one that can.
"""

import asyncio
import logging
import ssl
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from modproxy.contract.mounted import file_mark
from modproxy.contract.report import SecretProblem
from modproxy.contract.secret_keys import TLS_CERTIFICATE, TLS_KEY

_POLL_SECONDS = 1.0
"""The Secret is polled, because its volume changes by swapping a link a folder up, and because polling works on every
file system.
"""
_PROTOCOLS = ["http/1.1"]
_WARNED_SECONDS = 14 * 24 * 3600.0
"""Two weeks before the end. cert-manager and ACME clients renew a certificate of 90 days after 60."""
_WARNED_PART = 1 / 6
"""The part of its lifetime in which a shorter certificate is told of: renewals begin at two thirds of the lifetime."""

log = logging.getLogger(__name__)


class CertificateError(ValueError):
    """The Secret has no usable certificate; the message names the Secret, and says why and what it needs."""


class Certificates:
    """Shows clients the newest usable certificate of a Secret. Without any, handshakes fail at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where the Secret is mounted. It may be replaced at any time."""
        self.begins: datetime | None = None
        """Since when the certificate that is shown is good; None while there is none."""
        self.expires: datetime | None = None
        """When the certificate that is shown expires; None while there is none."""
        self.problem: str | None = None
        """Why the certificate in the folder is not taken; None when it is shown."""
        self._shown: ssl.SSLContext | None = None
        self._seen: object = None
        self.context = _empty_context()
        """The context for the listener, for the listener's whole life."""
        # Each certificate gets a fresh context, because a failed load of a certificate and key empties the context that
        # they are loaded into. The callback is also called for a client that sends no server name.
        self.context.sni_callback = self._show

    @property
    def loaded(self) -> bool:
        """Whether there is a certificate to show."""
        return self._shown is not None

    @property
    def secret_problem(self) -> SecretProblem | None:
        """The same problem, as one of the Secret."""
        return SecretProblem(secret=self.folder.name, problem=self.problem) if self.problem else None

    def expiry_warning(self, now: float) -> str | None:
        """Say that the certificate expires soon after `now`, in seconds since the epoch; None while it is good."""
        if self.expires is None or self.begins is None:
            return None
        lifetime = (self.expires - self.begins).total_seconds()
        if self.expires.timestamp() - now > min(_WARNED_SECONDS, lifetime * _WARNED_PART):
            return None
        when = f"{self.expires:%Y-%m-%d %H:%M} UTC"
        tense = "has expired on" if self.expires.timestamp() <= now else "expires on"
        return f"tls: the certificate of Secret {self.folder.name} {tense} {when}: renew it"

    async def look(self) -> None:
        """Take the certificate in the folder, if the files have changed since the last look. Raises nothing."""
        await asyncio.to_thread(self._look)

    async def follow(self) -> NoReturn:
        """Look once in `_POLL_SECONDS`, without end."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            await self.look()

    def _look(self) -> None:
        marks = self.folder, file_mark(self.folder / TLS_CERTIFICATE), file_mark(self.folder / TLS_KEY)
        if marks == self._seen:
            return
        try:
            shown, begins, expires = _load(self.folder)
        except CertificateError as e:
            self._tell(str(e))
        else:
            self._shown, self.begins, self.expires, self.problem = shown, begins, expires, None
            log.info("tls: the certificate of Secret %s is shown, good until %s", self.folder.name, expires)
        # The marks were taken before the read, so that a change during the read is noticed by the next look.
        self._seen = marks

    def _tell(self, reason: str) -> None:
        then = "the certificate it had stays in force" if self._shown else "no client is served until then"
        problem = f"tls: {reason}; {then}"
        if problem != self.problem:
            log.error("%s", problem)
        self.problem = problem

    def _show(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        if self._shown is None:
            return int(ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR)
        connection.context = self._shown
        return None


def _load(folder: Path) -> tuple[ssl.SSLContext, datetime, datetime]:
    # The library is loaded with the first certificate, so that a fleet without TLS saves its memory.
    from cryptography import x509  # noqa: PLC0415

    needs = f"it needs {TLS_CERTIFICATE} and {TLS_KEY}, in PEM, as a Secret of type kubernetes.io/tls has them"
    context = _empty_context()
    try:
        # OpenSSL would ask for the password of an encrypted key on a terminal; an empty password makes it fail instead.
        context.load_cert_chain(folder / TLS_CERTIFICATE, folder / TLS_KEY, password="")
        leaf = x509.load_pem_x509_certificate((folder / TLS_CERTIFICATE).read_bytes())
    except FileNotFoundError:
        raise CertificateError(f"Secret {folder.name} is missing, or has not both keys: {needs}") from None
    except ssl.SSLError as e:
        why = "the key is not the certificate's" if e.reason == "KEY_VALUES_MISMATCH" else "no certificate with its key"
        raise CertificateError(f"Secret {folder.name}: {why}: {needs}") from None
    except (OSError, ValueError) as e:
        raise CertificateError(f"Secret {folder.name}: {e}: {needs}") from None
    return context, leaf.not_valid_before_utc, leaf.not_valid_after_utc


def _empty_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_PROTOCOLS)
    return context
