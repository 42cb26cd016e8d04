"""Whether a failure of version control is one of its host, and of which kind. Pure.

A repository may be broken while its host is well. So a failure counts for the host only where git, ssh or the go
command say in their own words that the host did not answer, or did not let the fleet in.
"""

import re

from modproxy.source.vcs.failure import Cause, Meaning

_HOST_KEY = re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED")
_KINDS = (
    ("407", re.compile(r"code 407 from proxy|Proxy Authentication Required")),
    (
        "dns",
        re.compile(r"[Cc]ould not resolve (?:host|proxy)|no such host|server misbehaving|lookup \S+(?: on \S+)?: "),
    ),
    ("tls", re.compile(r"x509: |tls: |SSL certificate problem|certificate verif|SSL_|gnutls_", re.IGNORECASE)),
    (
        "connect",
        re.compile(
            r"Failed to connect|Connection refused|connection refused|connect to host|Couldn't connect|"
            r"[Nn]o route to host|[Nn]etwork is unreachable"
        ),
    ),
    (
        "timeout",
        re.compile(r"timed out|i/o timeout|handshake timeout|Timeout was reached|Operation too slow|deadline exceeded"),
    ),
    ("status", re.compile(r"requested URL returned error: (?:5[0-9]{2}|429)|reading https?://\S+: (?:5[0-9]{2}|429)")),
    (
        "reset",
        re.compile(
            r"hung up unexpectedly|early EOF|unexpected disconnect|RPC failed|reset by peer|[Cc]onnection closed|"
            r"Empty reply from server|unexpected EOF"
        ),
    ),
)
OF_ONE_REPOSITORY = frozenset({"refused", "status", "timeout", "reset"})
"""Kinds that another repository of the same host may not have."""


def kind_of(cause: Cause) -> str | None:
    """Return the kind of the host's trouble, as `source.remedies` knows it; None where the host is well."""
    if cause.meaning is Meaning.REFUSED:
        return "hostKey" if _HOST_KEY.search(cause.words) else "refused"
    if cause.meaning is not Meaning.OUTAGE:
        return None
    if _HOST_KEY.search(cause.words):
        return "hostKey"
    return next((kind for kind, words in _KINDS if words.search(cause.words)), None)


def words_of(cause: Cause) -> str:
    """Return the cause on one line, to follow the host's name."""
    words = " | ".join(line.strip() for line in cause.words.split("\n") if line.strip())
    begins = "does not take the fleet's login" if cause.meaning is Meaning.REFUSED else "cannot be read"
    return f"{begins}: {words}"
