"""Which failures of version control are the host's."""

import pytest

from modproxy.source.vcs.failure import Cause, Meaning
from modproxy.source.vcs.trouble import kind_of, words_of


@pytest.mark.parametrize(
    ("meaning", "words", "kind"),
    [
        (Meaning.OUTAGE, "git ls-remote: fatal: unable to access 'https://a/': Could not resolve host: a", "dns"),
        (Meaning.OUTAGE, 'Get "https://a/m?go-get=1": dial tcp: lookup a on 10.0.0.10:53: no such host', "dns"),
        (Meaning.OUTAGE, 'Get "https://a/m": dial tcp 10.0.0.1:443: connect: connection refused', "connect"),
        (Meaning.OUTAGE, "git fetch: fatal: unable to access 'https://a/': Failed to connect to a port 443", "connect"),
        (Meaning.OUTAGE, "git fetch: ssh: connect to host a port 22: Connection timed out", "connect"),
        (Meaning.OUTAGE, 'Get "https://a/m": x509: certificate signed by unknown authority', "tls"),
        (Meaning.OUTAGE, "git: fatal: unable to access 'https://a/': SSL certificate problem: self-signed", "tls"),
        (Meaning.OUTAGE, "git: fatal: unable to access 'https://a/': The requested URL returned error: 503", "status"),
        (Meaning.OUTAGE, "reading https://a/m?go-get=1: 502 Bad Gateway", "status"),
        (Meaning.OUTAGE, "git: fatal: unable to access 'https://a/': Received HTTP code 407 from proxy", "407"),
        (Meaning.OUTAGE, "git: fatal: the remote end hung up unexpectedly", "reset"),
        (Meaning.OUTAGE, 'Get "https://a/m": net/http: TLS handshake timeout', "timeout"),
        (Meaning.REFUSED, "git: fatal: Authentication failed for 'https://a/'", "refused"),
        (Meaning.REFUSED, "git: Host key verification failed.", "hostKey"),
        (Meaning.OUTAGE, "parsing go.mod: go.mod:3: unknown directive: requires", None),
        (Meaning.OUTAGE, "the go command failed without a word", None),
        (Meaning.ABSENT, "unknown revision v9", None),
        (Meaning.LOGIN_WANTED, "could not read Username", None),
    ],
)
def test_kinds(meaning: Meaning, words: str, kind: str | None) -> None:
    assert kind_of(Cause(meaning, words)) == kind


def test_words() -> None:
    assert words_of(Cause(Meaning.REFUSED, "git: a\n\n b ")) == "does not take the fleet's login: git: a | b"
    assert words_of(Cause(Meaning.OUTAGE, "x")) == "cannot be read: x"
