"""Credentials for upstreams and version control. They are read from mounted Secrets for each use.

A Secret is a folder with a file for each key: `username` and `password` (kubernetes.io/basic-auth), or `ssh-privatekey`
and `known_hosts` (kubernetes.io/ssh-auth). Its content is never stored, logged, or put on a command line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modproxy.contract.config import CredentialConfig
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import KNOWN_HOSTS, PASSWORD, SSH_PRIVATE_KEY, USERNAME
from modproxy.mod.url_pattern import UrlPattern, longest_first, parse_url_pattern
from modproxy.source.way_out.secret_words import not_there
from modproxy.source.way_out.wallet import Basic, Credential, CredentialError, Ssh, Wallet

_DEFAULT_USERNAME = "git"
"""The user name for a Secret that has only a password, because hosts accept tokens with any user name."""
_NEEDS = "username and password, or ssh-privatekey and known_hosts (spec.upstream.credentials)"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class _Entry:
    pattern: UrlPattern
    base: str | None
    folder: Path


class Credentials:
    """Reads the credentials of one config. The Secrets of `entries` are folders below `folder`."""

    def __init__(self, entries: Sequence[CredentialConfig], folder: Path) -> None:
        self._entries = [
            _Entry(parse_url_pattern(entry.pattern), entry.url, folder / entry.secret_name) for entry in entries
        ]

    def read(self) -> Wallet:
        """Read all credentials. Blocks. A Secret that cannot be used becomes an error of its entry alone."""
        return Wallet(tuple(Credential(entry.pattern, entry.base, _content(entry.folder)) for entry in self._entries))

    def concern(self, url: str) -> bool:
        """Say whether any pattern matches a URL, so that a Secret has to be read for it."""
        return bool(longest_first(self._entries, url))

    def basic_for(self, url: str) -> Basic | None:
        """Return the user name and password of the longest pattern that matches a URL; None without one.

        Blocks; raises `CredentialError`.
        """
        for entry in longest_first(self._entries, url):
            found = read_credential(entry.folder)
            if isinstance(found, Basic):
                return found
        return None


def _content(folder: Path) -> Basic | Ssh | CredentialError:
    try:
        return read_credential(folder)
    except CredentialError as e:
        return e


def read_credential(folder: Path) -> Basic | Ssh:
    """Read the Secret at `folder`. Blocks; raises `CredentialError`."""
    if (folder / SSH_PRIVATE_KEY).exists():
        if not (folder / KNOWN_HOSTS).exists():
            raise CredentialError(
                f"Secret {folder.name} has an ssh-privatekey and no known_hosts: add the host's keys (ssh-keyscan "
                "prints them; compare them with what the host publishes): they are never accepted unchecked"
            )
        return Ssh(_key(folder, SSH_PRIVATE_KEY), _key(folder, KNOWN_HOSTS))
    password = _key(folder, PASSWORD)
    username = _key(folder, USERNAME) if (folder / USERNAME).exists() else _DEFAULT_USERNAME
    # RFC 7617, section 2: neither has control characters, and the first colon ends the user name.
    if _CONTROL.search(username + password):
        raise CredentialError(
            f"Secret {folder.name}: a line break or another control character in username or password cannot be sent: "
            "write each without it"
        )
    if ":" in username:
        raise CredentialError(f"Secret {folder.name}: a colon in username cannot be sent: write the name alone")
    return Basic(username, password)


def _key(folder: Path, key: str) -> str:
    try:
        return read_secret_key(folder, key)
    except FileNotFoundError:
        lacks = f"Secret {folder.name} has no key {key}: it needs {_NEEDS}"
        raise CredentialError(lacks if folder.exists() else not_there(folder.name, _NEEDS)) from None
    except UnicodeDecodeError:
        raise CredentialError(f"Secret {folder.name}, key {key}: not UTF-8 text: write it in UTF-8") from None
    except OSError as e:
        raise CredentialError(f"Secret {folder.name}, key {key}: {e.strerror}") from None
