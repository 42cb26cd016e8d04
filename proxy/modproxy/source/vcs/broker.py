"""Answers the questions of go, git and ssh during one fetch: which login, which key, which other URL.

Credentials are looked up by the exact URL that is about to be contacted, by the one rule of `way_out.wallet`, and go
over a Unix socket that only this user can open. So no login is written to a disk or a config, no text from outside is
ever quoted for git or ssh, and no program learns more than it needs. A private key is the exception: ssh reads it from
a file, which is written when it is needed, into the folder of this fetch.
"""

import asyncio
import base64
import itertools
import json
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modproxy.source.vcs.failure import NO_KEY
from modproxy.source.way_out.wallet import Basic, Credential, CredentialError, Ssh, Wallet

_LONGEST_QUESTION = 64 << 10
"""Bytes of a question. The longest one names a few URLs."""
Answer = Mapping[str, Any]
MayContact = Callable[[str], Awaitable[bool]]
"""Says whether git may contact the host of a place, `HOST[:PORT]/PATH`."""

log = logging.getLogger(__name__)


class Broker:
    """Holds the credentials of one fetch. `folder` is where a key is written for ssh. `module` is the module's path.

    With `may_contact`, git contacts only hosts that it allows, and those that a credential's `url` names.
    """

    def __init__(
        self, wallet: Wallet, folder: Path, module: str, *, stall: float, may_contact: MayContact | None = None
    ) -> None:
        self._wallet = wallet
        self._may_contact = may_contact
        self._folder = folder
        self._module = module
        self._stall = stall
        self._rewritten: dict[str, Credential] = {}
        self._numbers = itertools.count()
        self.error: CredentialError | None = None
        """Why a credential could not be used; None while each could."""
        self.forbidden: str | None = None
        """A host that git must not contact, and wanted to; None without any."""

    @property
    def is_asked_by_git(self) -> bool:
        """Whether git has to ask before it contacts a repository."""
        return self._wallet.rewrites or self._may_contact is not None

    async def reply(self, question: Mapping[str, Any]) -> Answer:
        """Answer one question of `helper`, unless it leads to a host that must not be contacted."""
        if self._may_contact is not None and question["ask"] in ("rewrite", "key"):
            for url in question.get("urls") or [question["url"]]:
                host = _host(url)
                if not self._leads_elsewhere(url) and not await self._may_contact(_place(url)):
                    self.forbidden = host
                    return {"error": f"{host} must not be contacted"}
        return await asyncio.to_thread(self.answer, question)

    def _leads_elsewhere(self, url: str) -> bool:
        """Say whether the config itself names what is contacted for a URL."""
        try:
            chosen = self._wallet.chosen(url)
        except CredentialError:
            return False
        return _place(url) in self._rewritten or (chosen is not None and chosen.base is not None)

    def has_login(self, url: str) -> bool:
        """Say whether a login of the fleet is for a URL, usable or not."""
        try:
            return self._wallet.login(url) is not None
        except CredentialError:
            return True

    def answer(self, question: Mapping[str, Any]) -> Answer:
        """Answer one question of `helper`. Blocks when a key is written."""
        kinds: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "headers": self._headers, "login": self._login, "rewrite": self._rewrite, "key": self._key,
        }  # fmt: skip
        try:
            return kinds[question["ask"]](question)
        except CredentialError as e:
            self.error = e
            return {"error": str(e)}

    def _headers(self, question: Mapping[str, Any]) -> Answer:
        """For the go command. It asks before its first request for no URL in particular."""
        urls = [question["url"]] if question["url"] else go_import_urls(self._module)
        found = [(url, self._wallet.login(url)) for url in urls]
        return {"headers": [(url, _basic(login)) for url, login in found if login]}

    def _login(self, question: Mapping[str, Any]) -> Answer:
        url = question["url"]
        by_other = self._rewritten.get(_place(url))
        login = by_other.content if by_other is not None and url.startswith("https://") else self._wallet.login(url)
        return {"username": login.username, "password": login.password} if isinstance(login, Basic) else {}

    def _rewrite(self, question: Mapping[str, Any]) -> Answer:
        pairs = []
        for url in question["urls"]:
            chosen = self._wallet.chosen(url)
            new = chosen.rewritten(url) if chosen else None
            if chosen and new:
                self._rewritten[_place(new)] = chosen
                pairs.append((url, new))
        return {"pairs": pairs}

    def _key(self, question: Mapping[str, Any]) -> Answer:
        url = question["url"]
        by_other = self._rewritten.get(_place(url))
        key = by_other.content if by_other is not None else self._wallet.key(url)
        if not isinstance(key, Ssh):
            return {"error": f"{NO_KEY.removeprefix('modproxy: ')}{_place(url)}"}
        number = next(self._numbers)
        private, known = self._folder / f"key{number}", self._folder / f"known_hosts{number}"
        _write_private(private, f"{key.private_key}\n")
        _write_private(known, f"{key.known_hosts}\n")
        # With -F, ssh ignores the settings of the machine. It refuses an unknown host's key without a question.
        options = {
            "BatchMode": "yes", "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "IdentityFile": _quoted(private), "UserKnownHostsFile": _quoted(known), "GlobalKnownHostsFile": "none",
            "ConnectTimeout": str(max(1, round(self._stall))), "ServerAliveInterval": "10", "ServerAliveCountMax": "3",
            "PermitLocalCommand": "no", "ProxyCommand": "none", "ForwardAgent": "no", "ControlPath": "none",
        }  # fmt: skip
        return {
            "options": ["-F", "none", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
        }


def go_import_urls(module: str) -> list[str]:
    """Return the URLs of the pages that the go command may read for a module (cmd/go/internal/vcs)."""
    elements = module.split("/")
    paths = ["/".join(elements[:n]) for n in range(len(elements), 0, -1)]
    return [f"https://{path}{'' if '/' in path else '/'}?go-get=1" for path in paths]


def _quoted(path: Path) -> str:
    """Write a path for ssh's config, which expands what follows a percent sign (ssh_config(5), TOKENS)."""
    return '"' + str(path).replace("%", "%%") + '"'


def _basic(login: Basic) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _place(url: str) -> str:
    """Return host, port and path of a URL, alike however git spells the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"ssh": 22, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}/{parts.path.strip('/')}"


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


@asynccontextmanager
async def listening(broker: Broker) -> AsyncIterator[Path]:
    """Let programs ask `broker` meanwhile. Yields the path of the socket. Raises `OSError`."""
    # A cache directory may have a longer path than a socket can have (108 bytes), so this is where temporary files are.
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="modproxy-"))
    try:
        server = await asyncio.start_unix_server(
            lambda reader, writer: _serve(broker, reader, writer), folder / "s", limit=_LONGEST_QUESTION
        )
        try:
            yield folder / "s"
        finally:
            server.close()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _serve(broker: Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        question = json.loads(await reader.readline())
        answer = await broker.reply(question)
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    except (OSError, ValueError, KeyError, TypeError) as e:
        log.warning("version control: a question of git or ssh was not answered: %s", type(e).__name__)
    finally:
        writer.close()
