"""What a failure of the go command means. The texts are those of go 1.26 and git 2.39."""

import pytest

from modproxy.mod.path import check_path
from modproxy.mod.target import Kind, Target
from modproxy.mod.version import Version
from modproxy.source.protocol import NotFound, SourceError, Unavailable
from modproxy.source.vcs.failure import explain_failure

TARGET = Target(check_path("git.example.com/m"), Version("v1.0.0"), Kind.INFO)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("go: git.example.com/m@v1.0.0: invalid version: unknown revision v1.0.0", NotFound),
        ('unrecognized import path "git.example.com/m": reading https://git.example.com/m: 404 Not Found', NotFound),
        ("reading https://git.example.com/m: 410 Gone", NotFound),
        ("parse https://git.example.com/m?go-get=1: no go-import meta tags ()", NotFound),
        ("fatal: repository 'https://git.example.com/m/' not found", NotFound),
        ("go: git.example.com/m@v1.0.0: no matching versions for query", NotFound),
        ("reading https://git.example.com/m: 503 Service Unavailable", Unavailable),
        ("dial tcp 192.0.2.1:443: connect: connection refused", Unavailable),
        ("dial tcp: lookup git.example.com: no such host", Unavailable),
        ("fatal: unable to access: Could not resolve host: git.example.com", Unavailable),
        ("net/http: TLS handshake timeout", Unavailable),
        ("tls: failed to verify certificate: x509: certificate signed by unknown authority", Unavailable),
        ("fatal: the remote end hung up unexpectedly\nfatal: early EOF", Unavailable),
        ("remote: Invalid username\nfatal: Authentication failed for 'https://git.example.com/m/'", Unavailable),
        ("git@git.example.com: Permission denied (publickey).", Unavailable),
        ("Host key verification failed.", Unavailable),
        ("something that nobody has seen before", Unavailable),
        ("", Unavailable),
    ],
)  # fmt: skip
@pytest.mark.parametrize("had_credentials", [True, False])
def test_an_outage_is_told_from_an_absence(said: str, kind: type[SourceError], had_credentials: bool) -> None:
    error = explain_failure(TARGET, said, had_credentials)
    assert type(error) is kind
    assert error.reason.startswith("git.example.com/m@v1.0.0 info: version control: ")


LOGIN = "fatal: could not read Username for 'https://git.example.com': terminal prompts disabled"


def test_a_host_that_asks_for_a_login() -> None:
    without, with_one = explain_failure(TARGET, LOGIN, False), explain_failure(TARGET, LOGIN, True)
    assert isinstance(without, NotFound)
    assert "upstream.credentials" in without.reason
    assert isinstance(with_one, Unavailable)
    assert "refused" in with_one.reason


def test_words_lose_their_logins_and_their_length() -> None:
    said = "\n".join(["fatal: https://me:secret@git.example.com/m.git", *map(str, range(20))])
    reason = explain_failure(TARGET, said, False).reason
    assert "secret" not in reason
    assert "https://git.example.com/m.git" in reason
    assert len(reason.splitlines()) == 6
