"""The credentials of a fleet at one moment, and which of them is for which URL. Pure.

For a URL the longest pattern that matches counts, and among its kind only: an ssh key is no login for HTTP. What no
pattern matches gets none. No login is ever for a plain `http:` URL, as with the go command (`go help goauth`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from modproxy.mod.url_pattern import UrlPattern, longest_first

_DEFAULT_SSH_USER = "git"
"""The user for ssh where nobody names one, because git hosts know no other."""


class CredentialError(ValueError):
    """A Secret is missing or lacks a key; the message names the Secret, and never shows its content."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ssh:
    """A private key, and the hosts' keys that are trusted with it."""

    private_key: str = field(repr=False)
    known_hosts: str


@dataclass(frozen=True, slots=True)
class Credential:
    """One entry of the config with what its Secret holds."""

    pattern: UrlPattern
    base: str | None
    """The URL that takes the place of what the pattern matches; None where nothing does."""
    content: Basic | Ssh | CredentialError
    """An error when the Secret cannot be used: it counts only where the entry is needed."""

    def rewritten(self, url: str) -> str | None:
        """Return the URL to use instead of a URL that the pattern matches; None when it stays.

        A repository whose credential is a key for ssh is fetched over ssh.
        """
        rest = self.pattern.rest(url)
        if rest is None:
            return None
        if self.base is not None:
            base = self.base
            if base.startswith("ssh://") and "@" not in urlsplit(base).netloc:
                base = base.replace("ssh://", f"ssh://{_DEFAULT_SSH_USER}@", 1)
            return f"{base.rstrip('/')}/{rest}".rstrip("/")
        parts = urlsplit(url)
        if isinstance(self.content, Ssh) and parts.scheme == "https":
            return f"ssh://{_DEFAULT_SSH_USER}@{parts.hostname}{parts.path}"
        return None


@dataclass(frozen=True, slots=True)
class Wallet:
    """Holds all credentials of a config as their Secrets were at one moment."""

    credentials: Sequence[Credential] = ()

    def chosen(self, url: str) -> Credential | None:
        """Return the entry for a repository's URL: the longest pattern of all. Raises its `CredentialError`."""
        return next(self._for(url), None)

    def login(self, url: str) -> Basic | None:
        """Return the user name and password for a URL; None without any. Raises `CredentialError`."""
        if url.startswith("https://"):
            for credential in self._for(url):
                if isinstance(credential.content, Basic):
                    return credential.content
        return None

    def key(self, url: str) -> Ssh | None:
        """Return the key for an `ssh:` URL; None without any. Raises `CredentialError`."""
        for credential in self._for(url):
            if isinstance(credential.content, Ssh):
                return credential.content
        return None

    def _for(self, url: str) -> Iterator[Credential]:
        for credential in longest_first(self.credentials, url):
            if isinstance(credential.content, CredentialError):
                raise CredentialError(str(credential.content))
            yield credential

    @property
    def rewrites(self) -> bool:
        """Whether any URL is replaced by another one."""
        return any(entry.base is not None or isinstance(entry.content, Ssh) for entry in self.credentials)

    def identity(self, salt: bytes) -> str:
        """Return a name for exactly these credentials, which tells nothing of them without the salt."""
        digest = hashlib.blake2b(key=salt, digest_size=16)
        for entry in self.credentials:
            match entry.content:
                case Basic(username, password):
                    content = ["basic", username, password]
                case Ssh(private_key, known_hosts):
                    content = ["ssh", private_key, known_hosts]
                case _:
                    content = ["unusable"]
            digest.update(json.dumps([entry.pattern.text, entry.base, *content]).encode() + b"\n")
        return digest.hexdigest()
