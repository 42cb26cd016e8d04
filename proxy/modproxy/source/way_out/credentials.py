"""Credentials for upstreams and version control. They are read from mounted Secrets for each use.

A Secret is a folder with a file for each key: `username` and `password` (kubernetes.io/basic-auth), or `ssh-privatekey`
and `known_hosts` (kubernetes.io/ssh-auth). Its content is never stored, logged, or put on a command line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from modproxy.contract.config import CredentialConfig
from modproxy.contract.mounted import read_secret_key
from modproxy.contract.secret_keys import KNOWN_HOSTS, PASSWORD, SSH_PRIVATE_KEY, USERNAME
from modproxy.mod.pattern import Pattern, parse_pattern

_DEFAULT_USERNAME = "git"
"""The user name for a Secret that has only a password, because hosts accept tokens with any user name."""


class CredentialError(ValueError):
    """A Secret is missing or lacks a key; the message names the Secret, and never shows its content."""


@dataclass(frozen=True, slots=True)
class Basic:
    """A user name and a password, for URLs and hosts that `pattern` matches."""

    pattern: Pattern
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Ssh:
    """A private key, and the hosts' keys that are trusted with it, for the hosts that `pattern` matches."""

    pattern: Pattern
    private_key: str
    known_hosts: str


class Credentials:
    """Reads the credentials of one config. The Secrets of `entries` are folders below `folder`."""

    def __init__(self, entries: Sequence[CredentialConfig], folder: Path) -> None:
        self._entries = [(parse_pattern(entry.pattern), folder / entry.secret_name) for entry in entries]

    def read(self) -> list[Basic | Ssh]:
        """Read all credentials. Blocks; raises `CredentialError`."""
        return [_read(pattern, folder) for pattern, folder in self._entries]

    def basic_for(self, url: str) -> Basic | None:
        """Return the user name and password of the longest pattern that matches a URL; None without one.

        Blocks; raises `CredentialError`.
        """
        parts = urlsplit(url)
        place = (parts.hostname or "") + parts.path.rstrip("/")
        matching = [entry for entry in self._entries if entry[0].matches(place)]
        for pattern, folder in sorted(matching, key=lambda entry: entry[0].depth, reverse=True):
            found = _read(pattern, folder)
            if isinstance(found, Basic):
                return found
        return None


def _read(pattern: Pattern, folder: Path) -> Basic | Ssh:
    if (folder / SSH_PRIVATE_KEY).exists():
        if not (folder / KNOWN_HOSTS).exists():
            raise CredentialError(
                f"Secret {folder.name} has an ssh-privatekey and no known_hosts: add the host's keys (ssh-keyscan "
                "prints them; compare them with what the host publishes): they are never accepted unchecked"
            )
        return Ssh(pattern, _key(folder, SSH_PRIVATE_KEY), _key(folder, KNOWN_HOSTS))
    password = _key(folder, PASSWORD)
    username = _key(folder, USERNAME) if (folder / USERNAME).exists() else _DEFAULT_USERNAME
    if re.search(r"\s", username + password):
        raise CredentialError(f"Secret {folder.name}: white space in username or password cannot be sent")
    return Basic(pattern, username, password)


def _key(folder: Path, key: str) -> str:
    try:
        return read_secret_key(folder, key)
    except FileNotFoundError:
        raise CredentialError(
            f"Secret {folder.name} is missing, or has no {key}: it needs username and password, or ssh-privatekey and "
            "known_hosts"
        ) from None
    except (OSError, UnicodeDecodeError) as e:
        raise CredentialError(f"Secret {folder.name}, key {key}: {e}") from None
