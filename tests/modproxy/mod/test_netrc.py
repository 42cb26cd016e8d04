"""A netrc file, as the go command reads it."""

import pytest

from modproxy.mod.login import UrlLogin
from modproxy.mod.netrc import login_for, parse_netrc

TEXT = """
machine incomplete.example.com
login nobody
machine api.example.com
  login user
  password pwd
machine git.example.com:8443 login port password p
machine twice.example.com login first password 1
machine twice.example.com login second password 2
machine sub.example.com/deep login deep password d
macdef ignored
machine macro.example.com login m password m

machine after.example.com login after password a
default
login anonymous
password gopher@example.com
machine never.example.com login n password n
"""


@pytest.mark.parametrize(
    ("url", "username"),
    [
        ("https://api.example.com/m", "user"),
        ("https://api.example.com", "user"),
        ("http://api.example.com/m", None),
        ("https://git.example.com:8443/x", "port"),
        ("https://git.example.com/x", None),
        ("https://twice.example.com", "first"),
        ("https://sub.example.com/deep/m/@v/list", "deep"),
        ("https://sub.example.com/other", None),
        ("https://incomplete.example.com", None),
        ("https://macro.example.com", None),
        ("https://after.example.com", "after"),
        ("https://elsewhere.example.com", None),
        ("https://never.example.com", None),
    ],
)
def test_logins(url: str, username: str | None) -> None:
    login = login_for(parse_netrc(TEXT), url)
    assert (login.username if login else None) == username


@pytest.mark.parametrize(
    "text", ["", "machine", "machine a login", "\x00\xff", "login a password b", "default login a"]
)
def test_what_has_no_login(text: str) -> None:
    assert parse_netrc(text) == {}


def test_a_login_is_not_shown() -> None:
    assert "p" not in repr(UrlLogin("u", "p")).removeprefix("UrlLogin(")
