"""Which credential is for which URL, and to which other URLs entries lead."""

import pytest

from modproxy.mod.url_pattern import parse_url_pattern
from modproxy.source.way_out.wallet import Basic, Credential, CredentialError, Ssh, Wallet

WIDE, DEEP, GLOB = Basic("wide", "w"), Basic("deep", "d"), Basic("glob", "g")
KEY, OTHER_KEY = Ssh("KEY", "known"), Ssh("OTHER", "known")


def entry(pattern: str, content: Basic | Ssh | CredentialError, base: str | None = None) -> Credential:
    return Credential(parse_url_pattern(pattern), base, content)


WALLET = Wallet((
    entry("git.example.com", WIDE),
    entry("git.example.com/deep", DEEP),
    entry("git.example.com/deep/keyed", KEY),
    entry("git.example.com/other/keyed", OTHER_KEY),
    entry("*.example.com/team-?", GLOB),
    entry("broken.example.com", CredentialError("Secret broken is missing")),
    entry("stash.example.com/scm", KEY, "ssh://stash.example.com:7999/"),
    entry("old.example.com", WIDE, "https://new.example.com/~old"),
))  # fmt: skip


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("https://git.example.com/m.git", WIDE),
        ("https://git.example.com/deep/m", DEEP),
        ("https://git.example.com/deep/keyed?go-get=1", DEEP),  # an ssh key is no login for HTTP
        ("https://git.example.com/team-a/x", GLOB),
        ("https://git.example.com/team-ab/x", WIDE),
        ("https://lab.example.com/team-a", GLOB),
        ("https://lab.example.com/", None),
        ("https://elsewhere.example.org/git.example.com", None),
        ("http://git.example.com/m.git", None),  # as with the go command
    ],
)
def test_a_login(url: str, login: Basic | None) -> None:
    assert WALLET.login(url) == login


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("ssh://git@git.example.com/deep/keyed.git", KEY),
        ("ssh://git@git.example.com:22/other/keyed", OTHER_KEY),
        ("ssh://git@git.example.com/deep/other", None),
        ("ssh://git@lab.example.com/x", None),
    ],
)
def test_a_key(url: str, key: Ssh | None) -> None:
    assert WALLET.key(url) == key


@pytest.mark.parametrize(
    ("url", "new"),
    [
        ("https://git.example.com/deep/keyed.git", "ssh://git@git.example.com/deep/keyed.git"),
        ("https://git.example.com:8443/deep/keyed.git", "ssh://git@git.example.com/deep/keyed.git"),
        ("ssh://git@git.example.com/deep/keyed.git", None),
        ("https://git.example.com/deep/m.git", None),
        ("https://stash.example.com/scm/team/lib.git", "ssh://git@stash.example.com:7999/team/lib.git"),
        ("https://old.example.com/team/lib.git", "https://new.example.com/~old/team/lib.git"),
        ("https://old.example.com/", "https://new.example.com/~old"),
        ("https://elsewhere.example.org/x", None),
    ],
)
def test_another_url(url: str, new: str | None) -> None:
    chosen = WALLET.chosen(url)
    assert (chosen.rewritten(url) if chosen else None) == new


def test_a_broken_secret_hurts_its_own_place_only() -> None:
    for ask in (WALLET.login, WALLET.chosen):
        with pytest.raises(CredentialError, match="Secret broken is missing"):
            ask("https://broken.example.com/x")
    assert WALLET.login("https://git.example.com/x") == WIDE


def test_the_name_of_credentials() -> None:
    def wallet(password: str) -> Wallet:
        return Wallet((entry("git.example.com", Basic("me", password)),))

    assert wallet("a").identity(b"salt") == wallet("a").identity(b"salt")
    names = {wallet("a").identity(b"salt"), wallet("b").identity(b"salt"), wallet("a").identity(b"other")}
    names |= {Wallet().identity(b"salt"), Wallet((entry("git.example.org", Basic("me", "a")),)).identity(b"salt")}
    assert len(names) == 5
