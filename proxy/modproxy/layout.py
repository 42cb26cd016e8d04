"""The places that one config asks, as values: for people, who want to know where a module would come from. Pure.

`source/build` makes it of what it makes the sources of, and so both name the same places.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modproxy.contract.config import CredentialConfig
from modproxy.mod.chain import Entry
from modproxy.mod.pattern import Pattern, first_match
from modproxy.mod.sumdb import Database
from modproxy.mod.url_pattern import UrlPattern, longest_first, parse_url_pattern
from modproxy.mod.vouching import is_exempt


@dataclass(frozen=True, slots=True)
class NamedCredential:
    """Says which Secret is for which URLs. Nothing of its content is here."""

    pattern: UrlPattern
    secret_name: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Names the places in the order in which they are asked."""

    entries: tuple[Entry, ...]
    """The chain of upstreams, without those that are left out."""
    private: tuple[Pattern, ...]
    """Modules that come from version control, and whose names no upstream and no parent learns."""
    unverified: tuple[Pattern, ...]
    """Modules whose names no checksum database learns."""
    database: Database | None
    parent: str
    """The URL of the parent; empty without one."""
    object_store: str
    """The URL of the object store; empty without one."""
    credentials: tuple[NamedCredential, ...]

    def is_private(self, path: str) -> bool:
        """Say whether a module comes from version control only, by the patterns that the router has."""
        return first_match(self.private, path) is not None

    def is_verified(self, path: str) -> bool:
        """Say whether the checksum database has to vouch for a module."""
        return self.database is not None and not is_exempt(path, self.unverified)

    def credential_for(self, url: str) -> str:
        """Return the name of the Secret whose pattern is the longest one that matches a URL; empty without one."""
        found = longest_first(self.credentials, url)
        return found[0].secret_name if found else ""


def named_credentials(entries: Sequence[CredentialConfig]) -> tuple[NamedCredential, ...]:
    """Read the credentials of a config without looking at their Secrets."""
    return tuple(NamedCredential(parse_url_pattern(entry.pattern), entry.secret_name) for entry in entries)
