"""GOPROXY chains: read as the go command reads them."""

import pytest

from modproxy.mod.chain import ChainError, Entry, EntryKind, has_userinfo, parse_chain
from modproxy.mod.login import UrlLogin

P, DIRECT, OFF = EntryKind.PROXY, Entry(EntryKind.DIRECT), Entry(EntryKind.OFF)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("https://a.example.com", [Entry(P, "https://a.example.com")]),
        ("https://a.example.com/go/,direct", [Entry(P, "https://a.example.com/go"), DIRECT]),
        ("https://a.example.com|off", [Entry(P, "https://a.example.com", True), OFF]),
        (" http://a:8080 , direct , https://never.example.com", [Entry(P, "http://a:8080"), DIRECT]),
        ("direct", [DIRECT]),
        ("off,https://never.example.com", [OFF]),
        (",,direct", [DIRECT]),
        ("a.example.com,direct", [Entry(P, "https://a.example.com"), DIRECT]),
        ("file:///srv/modules", [Entry(P, "file:///srv/modules")]),
        ("https://u:p@a.example.com/x/", [Entry(P, "https://a.example.com/x", login=UrlLogin("u", "p"))]),
        ("u:p@a.example.com", [Entry(P, "https://a.example.com", login=UrlLogin("u", "p"))]),
        ("http://[::1]:8080", [Entry(P, "http://[::1]:8080")]),
    ],
)
def test_read(text: str, entries: list[Entry]) -> None:
    assert list(parse_chain(text)) == entries


@pytest.mark.parametrize(
    "text",
    ["", " ", ",|", "nowhere", "ftp://a.example.com", "https://", "https://a b.example.com", "https://a.example.com?x",
     "https://a.example.com#x", "file://host/x", "file:x", "https://a.example.com:port", "/srv/modules", "http://[::1"],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(ChainError):
        parse_chain(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://user:secret@a.example.com?x",
        "https://user:secret@a.example.com:port",
        "https://user:secret@",
        "ftp://user:secret@a.example.com",
        "https://user:se cret@a.example.com:p",
        # The password has a slash or a comma that nobody has encoded, so that the URL ends within the login.
        "https://user:secret/x@a.example.com",
        "https://user:secret,x@a.example.com",
        "https://user:x,secret@",
        "https://user:1/secret@a.example.com",
        "https://user:1\\secret@a.example.com",
        "https://user:1#secret@a.example.com",
        "https://user:1@secret=/@a.example.com",
    ],
)
def test_no_message_shows_a_login(text: str) -> None:
    with pytest.raises(ChainError) as caught:
        parse_chain(text)
    assert "secret" not in str(caught.value)
    assert "entry " in str(caught.value)


def test_an_entry_does_not_show_its_login() -> None:
    [entry] = parse_chain("https://user:secret@a.example.com")
    assert str(entry) == "https://a.example.com"
    assert "secret" not in repr(entry)
    assert has_userinfo("https://u@a.example.com")
    assert not has_userinfo("https://a.example.com/@v")
