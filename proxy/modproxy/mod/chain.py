"""The syntax of GOPROXY: a chain of proxies with `,` and `|`, and the words `direct` and `off`.

Source of the rules: `proxyList` and `newProxyRepo` of cmd/go/internal/modfetch, and "GOPROXY protocol" and
"Environment variables" of the Go Modules Reference.
"""

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from modproxy.mod.login import UrlLogin, is_authority, split_login


class ChainError(ValueError):
    """The text is not a GOPROXY chain; the message names the malformed entry, and says what to write instead."""


class EntryKind(Enum):
    """What an entry of a chain stands for."""

    PROXY = "proxy"
    DIRECT = "direct"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Entry:
    """Stands for one entry of a chain."""

    kind: EntryKind
    url: str = ""
    """The URL of a proxy without a login, and without a trailing slash if it is an HTTP URL; empty for other kinds."""
    fall_back_on_error: bool = False
    """True before a `|`: any error leads to the next entry, and not only a 404 or 410."""
    login: UrlLogin | None = None
    """What the URL has before an `@`."""

    def __str__(self) -> str:
        return self.url or self.kind.value


def parse_chain(text: str) -> tuple[Entry, ...]:
    """Read a GOPROXY value as the go command does. Entries after `direct` or `off` are ignored. Raises `ChainError`."""
    entries: list[Entry] = []
    for raw, separator in re.findall(r"([^,|]*)([,|]|$)", text):
        name = raw.strip()
        if not name:
            continue
        if name in (EntryKind.DIRECT.value, EntryKind.OFF.value):
            entries.append(Entry(EntryKind(name)))
            break
        # A comma in a password divides the login, so that no part of a chain with a login may be shown.
        shown = f"entry {len(entries) + 1}" if "@" in text else repr(name)
        url, login = split_login(_with_scheme(name, shown))
        entries.append(Entry(EntryKind.PROXY, _check_url(url, shown), separator == "|", login))
    if not entries:
        raise ChainError(f"{text!r} names no proxy: write for example https://goproxy.example.com,direct")
    return tuple(entries)


def _with_scheme(name: str, shown: str) -> str:
    if not any(c in name for c in ".:/"):
        raise ChainError(f"{shown} is neither direct, off nor a URL: write for example https://goproxy.example.com")
    return name if ":/" in name or name.startswith("/") else "https://" + name


def _check_url(url: str, shown: str) -> str:
    if any(c.isspace() or not c.isprintable() for c in url):
        raise ChainError(f"{shown} has white space in it: separate entries with a comma or |")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ChainError(f"{shown} is not a URL: write for example https://goproxy.example.com:8443") from None
    _check_parts(parts, shown)
    return url.rstrip("/") if parts.scheme != "file" else url


def _check_parts(parts: SplitResult, shown: str) -> None:
    if parts.scheme not in ("http", "https", "file"):
        raise ChainError(f"{shown} has no known scheme: write it with https://, http:// or file://")
    if parts.query or parts.fragment:
        raise ChainError(f"{shown} has a query or a fragment: write only scheme, host and path")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ChainError(
                f"{shown} is no file URL: write three slashes and an absolute path, as in file:///srv/modules"
            )
    elif not parts.hostname:
        raise ChainError(f"{shown} names no host: write for example https://goproxy.example.com")
    elif not is_authority(parts.netloc) or "@" in parts.path:
        # A password with a character that has a meaning in URLs would be taken for a host or a path, and be shown.
        raise ChainError(f"{shown} has a character that has to be encoded, such as an @ as %40 or a slash as %2F")


def has_userinfo(url: str) -> bool:
    """Say whether the URL carries a user name or a password."""
    return "@" in urlsplit(url).netloc
