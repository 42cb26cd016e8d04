"""The syntax of GOPROXY: a chain of proxies with `,` and `|`, and the words `direct` and `off`.

Source of the rules: `proxyList` and `newProxyRepo` of cmd/go/internal/modfetch, and "GOPROXY protocol" and
"Environment variables" of the Go Modules Reference.
"""

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, urlsplit


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
    """The URL of a proxy, without a trailing slash if it is an HTTP URL; empty for the other kinds."""
    fall_back_on_error: bool = False
    """True before a `|`: any error leads to the next entry, and not only a 404 or 410."""

    def __str__(self) -> str:
        return redact(self.url) if self.kind is EntryKind.PROXY else self.kind.value


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
        entries.append(Entry(EntryKind.PROXY, _check_url(name), separator == "|"))
    if not entries:
        raise ChainError(f"{text!r} names no proxy: write for example https://goproxy.example.com,direct")
    return tuple(entries)


def _check_url(name: str) -> str:
    if not any(c in name for c in ".:/"):
        raise ChainError(f"{name!r} is neither direct, off nor a URL: write for example https://goproxy.example.com")
    if any(c.isspace() or not c.isprintable() for c in name):
        raise ChainError(f"{name!r} has white space in it: separate entries with a comma or |")
    url = name if ":/" in name or name.startswith("/") else "https://" + name
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as e:
        raise ChainError(f"{redact(url)!r} is not a URL: {e}") from None
    _check_parts(url, parts)
    return url.rstrip("/") if parts.scheme != "file" else url


def _check_parts(url: str, parts: SplitResult) -> None:
    shown = redact(url)
    if parts.scheme not in ("http", "https", "file"):
        raise ChainError(f"{shown!r} has no known scheme: write it with https://, http:// or file://")
    if parts.query or parts.fragment:
        raise ChainError(f"{shown!r} has a query or a fragment: write only scheme, host and path")
    if parts.scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise ChainError(
                f"{shown!r} is no file URL: write three slashes and an absolute path, as in file:///srv/modules"
            )
    elif not parts.hostname:
        raise ChainError(f"{shown!r} names no host: write for example https://goproxy.example.com")


def redact(url: str) -> str:
    """Return the URL without its user name and password, for logs and messages."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


def has_userinfo(url: str) -> bool:
    """Say whether the URL carries a user name or a password."""
    return "@" in urlsplit(url).netloc
