"""How a collector is asked: which authorities its certificate may have, and why it took nothing, in words.

It is imported only where tracing is configured, because `requests` takes some MiB of memory.
"""

import io
import ssl
import time
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from modproxy.contract.mounted import FileMark, file_mark

_OK_BELOW = 400
_ANSWER_SECONDS = 2.0
_ANSWER_BYTES = 16 << 10
"""Of an answer: what a collector says is of no use here. A short one is read, so that the connection stays in use."""
_UNKNOWN_AUTHORITY = frozenset([2, 18, 19, 20, 21])
"""What OpenSSL says of a certificate whose authority it does not know. Source: openssl-verification-options(1),
`X509_V_ERR_...`.
"""
_TRUST = "put the certificate of its authority under ca.crt into the Secret of upstream.trustedCASecretName"


class CollectorAdapter(HTTPAdapter):
    """Carries the requests of a session. A collector's certificate has to be of an authority of the machine, or of one
    in `ca_file`, which is read anew when it has changed.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self.failure = ""
        """Why the last request had no success, in words that go on from the collector's URL; empty for success."""
        self._ca_file = ca_file
        self._context: tuple[FileMark, ssl.SSLContext] | None = None
        super().__init__()

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request, and return its answer without a body. Raises `requests.RequestException` and `OSError`."""
        try:
            answer = super().send(*args, **{**kwargs, "stream": True})
        except Exception as e:
            self.failure = failure_words(e)
            raise
        self.failure = f"answers {answer.status_code}" if answer.status_code >= _OK_BELOW else ""
        _read_some(answer)
        return answer

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the context whom to trust: this would add the authorities that `requests` brings."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return where to connect to, and how. A connection of before is not used any more once the file has changed.

        Raises `OSError` for a file without certificates.
        """
        host, tls = super().build_connection_pool_key_attributes(*args, **kwargs)
        if host["scheme"] == "https":
            tls["ssl_context"] = self._trusting()
        return host, tls

    def _trusting(self) -> ssl.SSLContext:
        mark = file_mark(self._ca_file) if self._ca_file is not None else None
        if self._context is None or self._context[0] != mark:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                try:
                    context.load_verify_locations(self._ca_file)
                except OSError as e:  # an SSLError is one
                    name = self._ca_file.parent.name
                    raise NoAuthorityError(f"cannot be trusted: Secret {name} has no certificates in ca.crt") from e
            self._context = mark, context
        return self._context[1]


def _read_some(answer: requests.Response) -> None:
    """Read so much of an answer, for so long, and no more. The library would read all that a collector sends."""
    until, left = time.monotonic() + _ANSWER_SECONDS, _ANSWER_BYTES
    try:
        while piece := answer.raw.read1(left, decode_content=False):
            left -= len(piece)
            if left <= 0 or time.monotonic() > until:
                answer.close()
                break
    except (OSError, HTTPError):  # what was sent was taken, or refused, all the same
        answer.close()
    answer.raw = io.BytesIO()


class NoAuthorityError(OSError):
    """The file with the authorities cannot be used."""


def failure_words(error: BaseException) -> str:
    """Return what an error of a request means. Libraries wrap the cause in errors of their own."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    for cause in causes:
        match cause:
            case NoAuthorityError():
                return str(cause)
            case ssl.SSLCertVerificationError(verify_code=code) if code in _UNKNOWN_AUTHORITY:
                return f"has a certificate that is not trusted ({cause.verify_message}): {_TRUST}"
            case ssl.SSLCertVerificationError():
                return f"has a certificate that does not hold ({cause.verify_message})"
            case ssl.SSLError():
                return "speaks no TLS: write http:// if it has none"
            case requests.Timeout():
                return "does not answer in time"
    return "cannot be reached" if isinstance(error, requests.ConnectionError) else f"fails ({type(error).__name__})"
