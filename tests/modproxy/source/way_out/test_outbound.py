"""The way out: its proxy, its credentials and its trusted certificates, for aiohttp and for programs."""

from pathlib import Path

import aiohttp
import pytest

from modproxy.contract.config import CredentialConfig, HttpProxyConfig
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.outbound import Outbound, bypasses
from modproxy.source.way_out.wallet import CredentialError
from tests.kubernetes.certificates import Authority


def secret(folder: Path, name: str, **keys: str) -> None:
    (folder / name).mkdir()
    for key, text in keys.items():
        (folder / name / key.replace("__", "-").replace("ca_crt", "ca.crt")).write_text(text)


def read_text(path: str) -> str:
    return Path(path).read_text()


@pytest.mark.parametrize(
    ("host", "no_proxy", "passed_by"),
    [
        ("git.corp.example.com", (".corp.example.com",), True),
        ("corp.example.com", (".corp.example.com",), False),
        ("corp.example.com", ("corp.example.com",), True),
        ("a.corp.example.com", ("corp.example.com",), True),
        ("acorp.example.com", ("corp.example.com",), False),
        ("GIT.corp.example.com", ("*.CORP.example.com",), True),
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8",), False),
        ("fd00::1", ("fd00::/8",), True),
        ("anything", ("*",), True),
        ("anything", ("",), False),
    ],
)
def test_who_is_reached_without_the_proxy(host: str, no_proxy: tuple[str, ...], passed_by: bool) -> None:
    assert bypasses(host, no_proxy) is passed_by


def outbound(folder: Path, *entries: CredentialConfig, proxy: HttpProxyConfig | None = None, ca: str = "") -> Outbound:
    return Outbound(Credentials(entries, folder), proxy, ca or None, folder, folder / "out" / "bundle.pem")


async def test_the_longest_pattern_gives_the_login(tmp_path: Path) -> None:
    secret(tmp_path, "wide", username="wide", password="w")
    secret(tmp_path, "deep", password="d\n")
    secret(tmp_path, "key", ssh__privatekey="KEY", known_hosts="git.example.com AAAA")
    out = outbound(
        tmp_path,
        CredentialConfig(pattern="git.example.com", secret_name="wide"),
        CredentialConfig(pattern="git.example.com/deep", secret_name="deep"),
        CredentialConfig(pattern="git.example.com/deep/key", secret_name="key"),
    )
    logins = {
        "https://git.example.com/m": ("wide", "w"),
        "https://git.example.com/deep/m": ("git", "d"),
        # An ssh key is no login for HTTP, so the next longest pattern counts.
        "https://git.example.com/deep/key": ("git", "d"),
    }
    for url, login in logins.items():
        assert (await out.options(url))["auth"] == aiohttp.BasicAuth(*login, "utf-8")
    assert (await out.options("https://u:p%40@git.example.com/m"))["auth"] == aiohttp.BasicAuth("u", "p@")
    assert "auth" not in await out.options("https://elsewhere.example.com/m")


async def test_the_proxy_and_its_login(tmp_path: Path) -> None:
    proxy = HttpProxyConfig(url="http://egress.example.com:3128", no_proxy=("near",), secret_name="egress")
    out = outbound(tmp_path, proxy=proxy)
    with pytest.raises(CredentialError, match=r"Secret egress for upstream\.httpProxy: No such file"):
        await out.options("https://far/")
    assert "proxy" not in await out.options("https://near/")
    secret(tmp_path, "egress", username="me\n", password="p@ss word\n")
    options = await out.options("https://far/")
    assert options["proxy"] == "http://egress.example.com:3128"
    assert options["proxy_auth"] == aiohttp.BasicAuth("me", "p@ss word")
    env = out.environment()
    assert env["HTTPS_PROXY"] == env["https_proxy"] == "http://me:p%40ss%20word@egress.example.com:3128"
    assert env["NO_PROXY"] == "near"


async def test_more_certificates_are_trusted(tmp_path: Path) -> None:
    out = outbound(tmp_path, ca="corp-ca")
    with pytest.raises(CredentialError, match=r"Secret corp-ca: no certificates in ca\.crt"):
        await out.options("https://far/")
    authority = Authority(tmp_path, "authority").file.read_text()
    secret(tmp_path, "corp-ca", ca_crt=authority)
    first = (await out.options("https://far/"))["ssl"]
    assert (await out.options("https://far/"))["ssl"] is first
    assert authority in read_text(out.environment()["SSL_CERT_FILE"])
