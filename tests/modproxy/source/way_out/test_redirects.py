"""Where redirects lead: the URL stays byte for byte, and some places are not gone to."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis.strategies import lists, sampled_from
from yarl import URL

from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.redirects import RedirectError, follow, place_of

AT = "https://proxy.example.com/go/example.com/m/@v/v1.0.0.zip"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://cdn.example.com/a%2Fb%40c%21?X=%2F%40%21&Y=a+b%20c%7E~", None),
        ("https://cdn.example.com/!m/@v/x?sig=A%2fb==", None),
        ("https://cdn.example.com?x", None),
        ("https://cdn.example.com/a//b/../c?", None),
        ("https://cdn.example.com/x#fragment", "https://cdn.example.com/x"),
        ("https://cdn.example.com/a b", "https://cdn.example.com/a%20b"),
        ("https://cdn.example.com/\u00e4", "https://cdn.example.com/%C3%A4"),
        ("https://cdn.example.com/\udcff", "https://cdn.example.com/%FF"),
        ("https://cdn.example.com:8443/x", None),
        ("//cdn.example.com/x%2Fy?z", "https://cdn.example.com/x%2Fy?z"),
        ("/x%2Fy?z=%40", "https://proxy.example.com/x%2Fy?z=%40"),
        ("v1.zip?a=%21", "https://proxy.example.com/go/example.com/m/@v/v1.zip?a=%21"),
        ("../x", "https://proxy.example.com/go/example.com/m/x"),
        ("?again", "https://proxy.example.com/go/example.com/m/@v/v1.0.0.zip?again"),
        (" https://cdn.example.com/x\t", "https://cdn.example.com/x"),
    ],
)
def test_the_url_is_kept_as_it_is(location: str, url: str | None) -> None:
    assert follow(AT, location) == (url or location, None)


def test_a_login_in_a_redirect_is_for_its_host_alone() -> None:
    assert follow(AT, "https://u:p%2F@cdn.example.com/x") == ("https://cdn.example.com/x", UrlLogin("u", "p/"))


@pytest.mark.parametrize(
    ("location", "why"),
    [
        (None, "without a Location"),
        ("", "without a Location"),
        ("http://cdn.example.com/secret?x", "from https to plain http, to cdn.example.com$"),
        ("ftp://cdn.example.com/x", "neither https nor http"),
        ("file:///etc/passwd", "neither https nor http"),
        ("javascript:alert(1)", "neither https nor http"),
        ("https:///x", "without a host"),
        ("https://", "without a host"),
        ("https://cdn.example.com:port/x", "malformed URL"),
        ("https://[::1/x", "malformed URL"),
        ("https://cdn.example.com/a\x00b", "malformed URL"),
        ("https://cdn.example.com/a\r\nX: y", "malformed URL"),
        ("https://cdn.example.com\\@evil.example.com/x", "malformed"),
        ("https://cdn example.com/x", "malformed host"),
        ("https://c\u00e4n.example.com/x", "malformed host"),
        ("https://[fe80::1%25eth0]/x", "malformed"),
        ("https://cdn.example.com:99999/x", "malformed"),
        ("https://cdn.example.com/" + "x" * 9000, "overlong"),
    ],
)
def test_what_is_not_followed(location: str | None, why: str) -> None:
    with pytest.raises(RedirectError, match=why) as caught:
        follow(AT, location)
    assert "secret" not in str(caught.value)


def test_a_login_is_not_sent_over_plain_http() -> None:
    with pytest.raises(RedirectError, match=r"with a login to plain http, to cdn\.example\.com") as caught:
        follow("http://proxy.example.com/x", "http://u:secret@cdn.example.com/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [("https://a.example.com/x?y", "a.example.com"), ("http://[::1]:8/x", "[::1]:8"), ("https://A:443/", "a:443")],
)
def test_places(url: str, place: str) -> None:
    assert place_of(url) == place


_PIECES = (
    "https://", "http://", "//", "/", "a.example.com", "127.0.0.1", "@", ":", "443", "[::1]", "[", "]", "#", "?", "\\",
    "%2F", "%40", " ", ";", ",", "..", "\u00e4", "\udcff", "user", "&", "|", "0x7f.1", "HTTP:",
)  # fmt: skip


@given(location=lists(sampled_from(_PIECES), max_size=8).map("".join))
def test_the_host_that_is_judged_is_the_host_that_is_contacted(location: str) -> None:
    try:
        url, _ = follow(AT, location)
    except RedirectError:
        return
    judged, contacted = urlsplit(url), URL(url, encoded=True)
    assert (contacted.host or "").lower() == judged.hostname
    assert contacted.port == (judged.port or 443)
