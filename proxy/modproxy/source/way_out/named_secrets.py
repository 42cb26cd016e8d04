"""The Secrets that the config names for the way out: whether each can be used, found out before it is needed."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from modproxy.contract.config import UpstreamConfig
from modproxy.contract.mounted import file_mark
from modproxy.contract.report import SecretProblem
from modproxy.contract.secret_keys import CA_CERTIFICATE, PASSWORD, UPSTREAM_KEYS, USERNAME
from modproxy.source.way_out.credentials import read_credential
from modproxy.source.way_out.secret_words import authorities_missing, key_problem, known_hosts_problem, login_missing
from modproxy.source.way_out.wallet import CredentialError, Ssh

_LOOK_SECONDS = 2.0
"""How often it is looked whether files have changed."""

log = logging.getLogger(__name__)


class NamedSecrets:
    """Knows what is wrong with the Secrets of one config. They are folders below `folder`."""

    def __init__(self, upstream: UpstreamConfig, folder: Path) -> None:
        proxy = upstream.http_proxy
        self._folder = folder
        self._credentials = [entry.secret_name for entry in upstream.credentials]
        self._proxy = proxy.secret_name if proxy is not None else None
        self._authorities = upstream.trusted_ca_secret_name
        self._seen: object = None
        self.problems: tuple[SecretProblem, ...] = ()
        """What is wrong, as it was at the last look."""

    def look(self) -> None:
        """Read the Secrets, if their files have changed since the last look. Blocks. Raises nothing."""
        named = [*self._credentials, self._proxy, self._authorities]
        names = sorted({name for name in named if name is not None})
        marks = [file_mark(self._folder / name / key) for name in names for key in UPSTREAM_KEYS]
        if marks == self._seen:
            return
        found = dict.fromkeys(self._found())
        for problem in found:
            if problem not in self.problems:
                log.warning("%s", problem.problem)
        for problem in self.problems:
            if problem not in found:
                log.info("Secret %s: this is mended: %s", problem.secret, problem.problem)
        self.problems = tuple(found)
        # The marks were taken before the read, so that a change during the read is noticed by the next look.
        self._seen = marks

    def _found(self) -> list[SecretProblem]:
        checks: list[tuple[str, Callable[[Path], str | None]]] = [(name, _credential) for name in self._credentials]
        checks += [(self._proxy, _proxy_login)] if self._proxy else []
        checks += [(self._authorities, _authorities)] if self._authorities else []
        return [
            SecretProblem(secret=name, problem=problem)
            for name, check in checks
            if (problem := check(self._folder / name)) is not None
        ]


async def watch_secrets(named: Callable[[], NamedSecrets]) -> NoReturn:
    """Look again and again, without end. `named` are the Secrets of the config in force."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.to_thread(named().look)


def _credential(folder: Path) -> str | None:
    try:
        found = read_credential(folder)
    except CredentialError as e:
        return str(e)
    if not isinstance(found, Ssh):
        return None
    return key_problem(folder.name, found.private_key) or known_hosts_problem(folder.name, found.known_hosts)


def _proxy_login(folder: Path) -> str | None:
    missing = _unreadable(folder, (USERNAME, PASSWORD))
    return login_missing(folder.name, missing, there=folder.exists()) if missing else None


def _authorities(folder: Path) -> str | None:
    if _unreadable(folder, (CA_CERTIFICATE,)):
        return authorities_missing(folder.name, there=folder.exists())
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(folder / CA_CERTIFICATE)
    except (OSError, ssl.SSLError):
        return authorities_missing(folder.name, there=True, malformed=True)
    return None


def _unreadable(folder: Path, keys: Sequence[str]) -> list[str]:
    """Return the keys that are missing or no text."""
    missing = []
    for key in keys:
        try:
            (folder / key).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            missing.append(key)
    return missing
