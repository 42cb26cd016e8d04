"""Logins are taken out of URLs where URLs are read, and no text of ours shows them."""

import pytest

from modproxy.mod.login import UrlLogin, split_login


@pytest.mark.parametrize(
    ("url", "bare", "login"),
    [
        ("https://a.example.com/x", "https://a.example.com/x", None),
        ("https://u:p@a.example.com/x", "https://a.example.com/x", UrlLogin("u", "p")),
        ("https://u@a.example.com", "https://a.example.com", UrlLogin("u", "")),
        ("https://u%40corp:p%3Aq%2F@a.example.com", "https://a.example.com", UrlLogin("u@corp", "p:q/")),
        ("https://u:p@ss@a.example.com:8443/", "https://a.example.com:8443/", UrlLogin("u", "p@ss")),
        ("https://a.example.com/x@y", "https://a.example.com/x@y", None),
        ("https://a.example.com?x@y", "https://a.example.com?x@y", None),
        ("https://@a.example.com", "https://a.example.com", UrlLogin("", "")),
        ("me@a.example.com", "me@a.example.com", None),
    ],
)
def test_split(url: str, bare: str, login: UrlLogin | None) -> None:
    assert split_login(url) == (bare, login)
    assert "p" not in repr(login or "").removeprefix("UrlLogin(")
