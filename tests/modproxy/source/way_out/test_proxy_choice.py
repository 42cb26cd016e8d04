"""Which proxy a request goes through. The table of NO_PROXY is that of golang.org/x/net/http/httpproxy, and more."""

import pytest

from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.proxy_choice import EgressProxy, ProxyChoice, bypasses, from_environment


@pytest.mark.parametrize(
    ("host", "no_proxy", "passed_by"),
    [
        ("git.corp.example.com", (".corp.example.com",), True),
        ("corp.example.com", (".corp.example.com",), False),
        ("corp.example.com", ("corp.example.com",), True),
        ("a.corp.example.com", ("corp.example.com",), True),
        ("acorp.example.com", ("corp.example.com",), False),
        ("GIT.corp.example.com", ("*.CORP.example.com",), True),
        ("corp.example.com", ("*.corp.example.com",), False),
        ("corp.example.com", ("corp.example.com:443",), True),
        ("corp.example.com", ("corp.example.com:8443",), False),
        ("a.corp.example.com", (".corp.example.com:443",), True),
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8",), False),
        ("10.1.2.3", ("10.1.2.3",), True),
        ("10.1.2.3", ("10.1.2.3:443",), True),
        ("10.1.2.3", ("10.1.2.3:80",), False),
        ("10.1.2.3", ("2.3",), False),
        ("fd00::1", ("fd00::/8",), True),
        ("fd00::1", ("[fd00::1]:443",), True),
        ("fd00::1", ("fd00::1",), True),
        ("anything", ("*",), True),
        ("anything", ("", ",", "."), False),
    ],
)
def test_who_is_reached_without_the_proxy(host: str, no_proxy: tuple[str, ...], passed_by: bool) -> None:
    assert bypasses(host, 443, no_proxy) is passed_by


@pytest.mark.parametrize(
    ("env", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "https://a.example.com/x", EgressProxy("http://p:1")),
        ({"https_proxy": "http://p:1"}, "https://a.example.com/x", EgressProxy("http://p:1")),
        ({"HTTPS_PROXY": "", "https_proxy": "http://p:1"}, "https://a.example.com", EgressProxy("http://p:1")),
        ({"HTTPS_PROXY": "http://up:1", "https_proxy": "http://low:1"}, "https://a", EgressProxy("http://up:1")),
        ({"HTTPS_PROXY": "http://p:1"}, "http://a.example.com/x", None),
        ({"HTTP_PROXY": "p:1"}, "http://a.example.com/x", EgressProxy("http://p:1")),
        ({"HTTP_PROXY": "http://p:1"}, "https://a.example.com/x", None),
        ({"HTTPS_PROXY": "https://u:p%40@p:1"}, "https://a", EgressProxy("https://p:1", UrlLogin("u", "p@"))),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b, a.example.com"}, "https://a.example.com", None),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": "a.example.com:8443"}, "https://a.example.com:8443", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://localhost:1/x", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://127.0.0.9/x", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://[::1]/x", None),
        ({"HTTPS_PROXY": "http://p:port"}, "https://a", None),
        ({"HTTPS_PROXY": "http://"}, "https://a", None),
        ({}, "https://a", None),
    ],
)
def test_the_environment(env: dict[str, str], url: str, proxy: EgressProxy | None) -> None:
    assert from_environment(env).for_url(url) == proxy


def test_a_proxy_of_the_config_is_for_every_host() -> None:
    proxy = EgressProxy("http://p:1")
    assert ProxyChoice(proxy, proxy).for_url("http://127.0.0.1/x") is proxy
