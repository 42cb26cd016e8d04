"""The Secret with which forges prove themselves, as its newest state says."""

import logging
from pathlib import Path

from modproxy.contract.mounted import file_mark
from modproxy.contract.report import SecretProblem
from modproxy.contract.secret_keys import PASSWORD, SHARED_SECRET, USERNAME, WEBHOOK_KEYS
from modproxy.identity.authorization import Login
from modproxy.identity.secret_text import SecretTextError, read_text
from modproxy.sync.proof import WebhookKeys

_MOST_BYTES = 16 << 10
_MOST_SECRETS = 16
"""Lines: an old and a new secret for each of several forges. Each costs a digest of every body."""
_NEEDS = "the key secret, one secret of a forge a line; or username and password, for Azure DevOps"

log = logging.getLogger(__name__)


class WebhookSecret:
    """Knows the keys. `look` reads them anew where they have changed."""

    def __init__(self) -> None:
        self.keys = WebhookKeys()
        """What the Secret has; nothing where it cannot be used: then no webhook is taken."""
        self.problem: SecretProblem | None = None
        """What is wrong with it."""
        self._seen: object = None

    def look(self, folder: Path | None) -> None:
        """Read the Secret in `folder`, if its files have changed; None where the config names none. Blocks."""
        seen = folder, [file_mark(folder / key) for key in WEBHOOK_KEYS] if folder is not None else None
        if seen == self._seen:
            return
        keys, problem = WebhookKeys(), None
        if folder is not None:
            try:
                keys = _read(folder)
            except SecretTextError as e:
                problem = SecretProblem(secret=folder.name, problem=f"{e}: no webhook is taken; it needs {_NEEDS}")
        # Another thread may ask meanwhile. It sees the keys of before, or reads the files itself, never no keys.
        before, self.keys, self.problem = self.problem, keys, problem
        self._seen = seen
        if problem is not None and problem != before:
            log.warning("sync.webhookSecretName: %s", problem.problem)
        if problem is None and before is not None and folder is not None:
            log.info("sync.webhookSecretName: Secret %s can be used now", folder.name)


def _read(folder: Path) -> WebhookKeys:
    text, user, password = (read_text(folder, key, _MOST_BYTES) for key in (SHARED_SECRET, USERNAME, PASSWORD))
    secrets = tuple(line.strip() for line in (text or "").splitlines() if line.strip())
    if len(secrets) > _MOST_SECRETS:
        raise SecretTextError(f"key {SHARED_SECRET} of Secret {folder.name} has more than {_MOST_SECRETS} lines")
    user, password = ((one or "").rstrip("\r\n") for one in (user, password))
    if bool(user) != bool(password):
        lacks = PASSWORD if user else USERNAME
        raise SecretTextError(f"Secret {folder.name} has no key {lacks}, or an empty one")
    if not secrets and not user:
        raise SecretTextError(f"Secret {folder.name} is empty, or has none of the keys")
    return WebhookKeys(secrets, Login(user, password) if user else None)
