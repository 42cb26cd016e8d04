"""The way out: its proxy, its credentials and its trusted certificates, for aiohttp and for programs."""

from pathlib import Path

import aiohttp
import pytest

from modproxy.contract.config import CredentialConfig, HttpProxyConfig
from modproxy.mod.login import UrlLogin
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.machine import Machine
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.wallet import CredentialError
from tests.kubernetes.certificates import Authority


def secret(folder: Path, name: str, **keys: str) -> None:
    (folder / name).mkdir()
    for key, text in keys.items():
        (folder / name / key.replace("__", "-").replace("ca_crt", "ca.crt")).write_text(text)


def read_text(path: str) -> str:
    return Path(path).read_text()


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
        assert (await out.options(url))["headers"]["Authorization"] == aiohttp.encode_basic_auth(*login)
    assert (await out.options("https://elsewhere.example.com/m"))["headers"] == {}
    own = await out.options("https://git.example.com/m", UrlLogin("u", "p@"))
    assert own["headers"]["Authorization"] == aiohttp.encode_basic_auth("u", "p@")
    with pytest.raises(CredentialError, match=r"the login for git\.example\.com cannot be sent"):
        await out.options("https://git.example.com/m", UrlLogin("a:b", "p"))


async def test_the_proxy_and_its_login(tmp_path: Path) -> None:
    proxy = HttpProxyConfig(url="http://egress.example.com:3128", no_proxy=("near",), secret_name="egress")
    out = outbound(tmp_path, proxy=proxy)
    with pytest.raises(CredentialError, match=r"Secret egress for upstream\.httpProxy: No such file"):
        await out.options("https://far/")
    assert "proxy" not in await out.options("https://near/")
    secret(tmp_path, "egress", username="me\n", password="p@ss word\n")
    options = await out.options("https://far/")
    assert options["proxy"] == "http://egress.example.com:3128"
    sent = {"Proxy-Authorization": aiohttp.encode_basic_auth("me", "p@ss word")}
    assert options["proxy_headers"] == sent
    # Over plain http the proxy reads the headers of the request itself; over https only the server does.
    assert options["headers"] == {}
    plain = await out.options("http://far/")
    assert (plain["headers"], "proxy_headers" in plain) == (sent, False)
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


async def test_the_machine_s_settings_count_last(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine git.example.com login netrc password n\n")
    secret(tmp_path, "own", username="own", password="o")
    env = {"HOME": str(tmp_path), "HTTPS_PROXY": "http://u:p@egress.example.com:3128", "no_proxy": "near.example.com"}
    entry = CredentialConfig(pattern="git.example.com/own", secret_name="own")
    out = Outbound(Credentials([entry], tmp_path), None, None, tmp_path, tmp_path / "bundle", machine=Machine(env))
    options = await out.options("https://git.example.com/m")
    assert options["headers"]["Authorization"] == aiohttp.encode_basic_auth("netrc", "n")
    assert options["proxy"] == "http://egress.example.com:3128"
    assert options["proxy_headers"] == {"Proxy-Authorization": aiohttp.encode_basic_auth("u", "p")}
    own = await out.options("https://git.example.com/own/m")
    assert own["headers"]["Authorization"] == aiohttp.encode_basic_auth("own", "o")
    for url in ("http://git.example.com/m", "https://near.example.com/m", "https://localhost/m"):
        assert "proxy" not in await out.options(url)
    assert (await out.options("http://git.example.com/m"))["headers"] == {}
    netrc = {"NETRC": str(tmp_path / ".netrc")}
    assert out.environment() == {name: value for name, value in env.items() if name != "HOME"} | netrc
    assert Machine(env | {"GOAUTH": "off"}).netrc() == {}
    named = HttpProxyConfig(url="http://named.example.com:1")
    out = Outbound(Credentials([], tmp_path), named, None, tmp_path, tmp_path / "bundle", machine=Machine(env))
    assert (await out.options("https://near.example.com/"))["proxy"] == "http://named.example.com:1"
    assert out.environment()["HTTPS_PROXY"] == "http://named.example.com:1"
    assert out.environment()["NETRC"] == netrc["NETRC"]
    (tmp_path / ".netrc").unlink()
    assert "NETRC" not in out.environment()
    assert (await out.options("https://git.example.com/m"))["headers"] == {}


async def test_the_machine_s_settings_do_not_count_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine git.example.com login netrc password n\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://egress.example.com:3128")
    out = outbound(tmp_path)
    assert await out.options("https://git.example.com/m") == {"headers": {}}
    assert out.environment() == {}


async def test_no_thread_is_needed_where_no_file_has_to_be_read(tmp_path: Path) -> None:
    secret(tmp_path, "wide", username="wide", password="w")
    with_login = outbound(tmp_path, CredentialConfig(pattern="git.example.com", secret_name="wide"))
    with_proxy = outbound(tmp_path, proxy=HttpProxyConfig(url="http://egress.example.com:3128"))
    machine = Machine({"HOME": str(tmp_path)})
    of_a_machine = Outbound(Credentials((), tmp_path), None, None, tmp_path, tmp_path / "bundle", machine=machine)
    for out, url, login in (
        (with_login, "https://elsewhere.example.com/m", None),
        (with_login, "https://git.example.com/m", UrlLogin("u", "p")),
        (with_proxy, "https://elsewhere.example.com/m", None),
        (of_a_machine, "http://elsewhere.example.com/m", None),
    ):
        # A coroutine that waits for nothing ends in its first step.
        with pytest.raises(StopIteration):
            out.options(url, login).send(None)
    for out in (with_login, of_a_machine):
        assert await out.options("https://git.example.com/m")
