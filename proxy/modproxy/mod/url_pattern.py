"""Patterns of URLs, for credentials: a prefix of `host[:port]/path`, with globs as in GOPRIVATE. Pure.

A pattern without a port matches every port of its host. A repository is the same with and without `.git` at the end of
its URL, as the go command writes both. Of several patterns that match a URL, the longest one counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from modproxy.mod.pattern import Pattern, PatternError, parse_pattern

PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST_GLOB = r"([a-z0-9.*?-]|\[\^?[a-z0-9-]+\])+"
_ELEMENT_GLOB = r"([A-Za-z0-9._~*?+@%-]|\[\^?[A-Za-z0-9._~+-]+\])+"
URL_PATTERN = rf"^{_HOST_GLOB}(:{PORT})?(/{_ELEMENT_GLOB})*/?$"
"""The form of a pattern. RE2, which is CEL's, and Python read it alike. Nothing in it means anything to a shell or to
the config of git or ssh but globs.
"""
_USER = "[A-Za-z0-9_][A-Za-z0-9._-]*"
BASE_URL = (
    rf"^(https://|ssh://({_USER}@)?)[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:{PORT})?(/[A-Za-z0-9_~+@%][A-Za-z0-9._~+@%-]*)*/?$"
)
"""The form of a URL that takes the place of what a pattern matches. A host or a path that begins with a dash would look
like an option to ssh and git.
"""
_PORTS = {"https": 443, "http": 80, "ssh": 22, "git+ssh": 22, "git": 9418}


@dataclass(frozen=True, slots=True)
class UrlPattern:
    """Matches URLs by host, port and the first elements of their path."""

    text: str
    """As it was written, without a trailing slash."""
    port: int | None
    place: Pattern
    """Matches host and path."""

    def rest(self, url: str) -> str | None:
        """Return the path elements of `url` that follow those that are matched; None when the URL does not match."""
        try:
            parts = urlsplit(url)
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return None
        if not parts.hostname or (self.port is not None and port != self.port):
            return None
        place = parts.hostname + parts.path.rstrip("/")
        if not self.place.matches(place) and not self.place.matches(place.removesuffix(".git")):
            return None
        return "/".join(place.split("/")[self.place.depth :])

    @property
    def length(self) -> tuple[int, bool, bool, int]:
        """Compares patterns: more elements, a port, no globs, and more characters make a pattern longer."""
        literal = not re.search(r"[*?[]", self.text)
        return self.place.depth, self.port is not None, literal, len(self.text)


def parse_url_pattern(text: str) -> UrlPattern:
    """Read a pattern such as `git.corp.example.com:8443/platform`. Raises `PatternError`."""
    if re.fullmatch(URL_PATTERN, text) is None:
        raise PatternError(
            f"{text!r} is no place of a URL: write HOST, HOST:PORT or HOST/PATH in the letters of a URL, the host in "
            "lower case, without a scheme and a user, such as git.corp.example.com/platform"
        )
    host, slash, path = text.removesuffix("/").partition("/")
    name, _, port = host.partition(":")
    place = parse_pattern(f"{name}{slash}{path}".removesuffix(".git") if slash else name)
    return UrlPattern(text.removesuffix("/"), int(port) if port else None, place)


def parse_base_url(text: str) -> str:
    """Return a URL that takes the place of what a pattern matches, as it is. Raises `ValueError` for another text."""
    if re.fullmatch(BASE_URL, text) is None:
        raise ValueError(
            f"{text!r} is no base of repositories: write https://HOST[:PORT]/PATH or ssh://USER@HOST[:PORT]/PATH, "
            "such as ssh://git@git.corp.example.com:7999/"
        )
    return text


class HasUrlPattern(Protocol):
    """Has a pattern that says for which URLs it is."""

    @property
    def pattern(self) -> UrlPattern:
        """The pattern."""
        ...


P = TypeVar("P", bound=HasUrlPattern)


def longest_first(entries: Iterable[P], url: str) -> list[P]:
    """Return the entries whose patterns match the URL, the longest pattern first."""
    matching = [entry for entry in entries if entry.pattern.rest(url) is not None]
    return sorted(matching, key=lambda entry: entry.pattern.length, reverse=True)
