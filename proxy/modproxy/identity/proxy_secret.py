"""The secret that the trusted proxy and the fleet share, as the newest usable state of its Secret says."""

import logging
from pathlib import Path

from modproxy.contract.config.access import TrustedProxyConfig
from modproxy.contract.mounted import file_mark
from modproxy.contract.report import AccessProblem
from modproxy.contract.secret_keys import SHARED_SECRET
from modproxy.identity.secret_text import SecretTextError, read_text

_PART = "trustedProxy"
_MOST_BYTES = 4096
"""A header's value: what every proxy can send."""
_REMEDY = "the Secret needs the key secret: printable ASCII text, which the proxy sends in trustedProxy.secretHeader"

log = logging.getLogger(__name__)


class ProxySecret:
    """Knows the secret. `folder` has the Secrets."""

    def __init__(self, config: TrustedProxyConfig, folder: Path) -> None:
        self._folder = folder / config.secret_name
        self._seen: object = None
        self.value: str | None = None
        """None while there is no usable secret: then nobody is the trusted proxy."""
        self.problems: tuple[AccessProblem, ...] = ()

    def look(self) -> bool:
        """Read the Secret, if its file has changed since the last look. Blocks. Returns whether it is another secret.

        A Secret that cannot be used keeps the secret that was read last.
        """
        mark = [file_mark(self._folder / SHARED_SECRET)]
        if mark == self._seen:
            return False
        before = self.value
        try:
            self.value, self.problems = self._read(), ()
        except SecretTextError as e:
            kept = "the secret that was read before stays" if before else "the trusted proxy's headers are ignored"
            self.problems = (AccessProblem(part=_PART, problem=f"{e}: {kept}", remedy=_REMEDY),)
            log.warning("access.trustedProxy: %s", self.problems[0].problem)
        self._seen = mark
        return self.value != before

    def _read(self) -> str:
        text = read_text(self._folder, SHARED_SECRET, _MOST_BYTES)
        if text is None:
            raise SecretTextError(f"Secret {self._folder.name} has no key {SHARED_SECRET}")
        secret = text.rstrip("\r\n")
        # Servers cut the spaces around a header's value, so that such a secret would never be equal.
        if not secret or secret != secret.strip() or not secret.isascii() or not secret.isprintable():
            raise SecretTextError(f"key {SHARED_SECRET} of Secret {self._folder.name} cannot be sent in a header")
        return secret
