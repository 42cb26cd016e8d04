"""How commands ask a fleet: which credential is sent where, and what errors say."""

import argparse
import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from goproxy_operator.client import fleet_client
from goproxy_operator.client.arguments import Asking, fleet_url
from goproxy_operator.client.failure import ClientError, UsageError, run_command
from goproxy_operator.client.fleet_client import FleetClient, Refused
from goproxy_operator.login.token_file import StoredToken, TokenFile, tokens_folder
from tests.kubernetes.certificates import Authority
from tests.operator.doctor.machine import answering, serving
from tests.secrecy.registry import new_secret


class Fleet:
    """A server that answers by path, and remembers the Authorization headers."""

    def __init__(self) -> None:
        self.seen: list[str | None] = []
        self.url = ""

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        self.seen.append(http.headers.get("Authorization"))
        match http.path:
            case "/go/refused":
                return web.Response(status=403, text="forbidden: a\x1b[31m may not\nrule: x\n" + "more\n" * 20)
            case "/go/moved":
                return web.Response(status=302, headers={"Location": "https://elsewhere.example.com/"})
            case "/go/large":
                return web.Response(body=b"x" * 2000)
            case "/go/silent":
                await asyncio.sleep(30)
            case "/go/drip":
                answer = web.StreamResponse()
                await answer.prepare(http)
                while True:
                    await answer.write(b"x")
                    await asyncio.sleep(0.05)
        return web.Response(text=http.path)


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    made = Fleet()
    runner = web.ServerRunner(web.Server(made.handle, handler_cancellation=True))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/go"
    yield made
    await runner.cleanup()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NETRC", "XDG_STATE_HOME", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def test_the_first_credential_that_there_is_counts(fleet: Fleet, home: Path) -> None:
    token, password, stored = (new_secret("credential") for _ in range(3))

    async def sent(url: str, token_file: Path | None = None) -> str | None:
        async with FleetClient(Asking(fleet_url(url), token_file)) as client:
            assert await client.read("x", 100) == b"/go/x"
        return fleet.seen[-1]

    assert await sent(fleet.url) is None
    (home / ".netrc").write_text(f"machine 127.0.0.1 login n password {password}\n")
    assert await sent(fleet.url) is None, "go sends no login of a netrc file over plain http, and neither do we"
    TokenFile(tokens_folder(), fleet.url).write(StoredToken(fleet.url, "i", "c", stored))
    assert await sent(fleet.url) == f"Bearer {stored}"
    assert (await sent(fleet.url.replace("//", f"//u:{password}@")) or "").startswith("Basic ")
    (file := home / "token").write_text(f"{token}\n")
    assert await sent(fleet.url.replace("//", f"//u:{password}@"), file) == f"Bearer {token}"


async def test_no_credential_goes_over_plain_http(home: Path) -> None:
    password = new_secret("credential")
    with pytest.raises(UsageError, match="is not https, and there is a credential"):
        FleetClient(Asking(fleet_url(f"http://u:{password}@proxy.example.com")))
    FleetClient(Asking(fleet_url(f"http://u:{password}@proxy.example.com"), allow_http=True))
    (home / ".netrc").write_text(f"machine proxy.example.com login n password {password}\n")
    FleetClient(Asking(fleet_url("http://proxy.example.com")))


async def test_errors_are_sentences(fleet: Fleet) -> None:
    asking = Asking(fleet_url(fleet.url), timeout=0.3)
    async with FleetClient(asking) as client:
        with pytest.raises(Refused) as refused:
            await client.read("refused", 100)
        assert refused.value.status_code == 403
        lines = str(refused.value).split("\n")
        assert lines[:2] == [f"{fleet.url} answers 403 Forbidden", "forbidden: a\\x1b[31m may not"]
        assert len(lines) == 9
        with pytest.raises(ClientError, match=r"leads to https://elsewhere.example.com/.*: write the URL of the fleet"):
            await client.read("moved", 100)
        with pytest.raises(ClientError, match="more than 1000 bytes"):
            await client.read("large", 1000)
        with pytest.raises(ClientError, match="silent for too long"):
            await client.read("silent", 1000)
    async with FleetClient(Asking(fleet_url("http://127.0.0.1:1"))) as client:
        with pytest.raises(ClientError, match="gives no answer: Connection refused"):
            await client.read("x", 100)
    async with FleetClient(Asking(fleet_url(fleet.url.replace("http:", "https:")))) as client:
        with pytest.raises(ClientError, match=r"speaks no TLS that can be understood \(.*\): .* write http://"):
            await client.read("x", 100)


@pytest.mark.parametrize(
    ("age", "trusted", "scheme", "words"),
    [
        (3, True, "https", "certificate has expired: whoever keeps the fleet renews it"),
        (0, False, "https", r"is not trusted \(unable to get local issuer certificate\); --ca-file names one"),
        (0, True, "http", "if the fleet has a certificate, write https://"),
    ],
)
async def test_what_tls_can_be_wrong_about(age: int, trusted: bool, scheme: str, words: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "authority")
    pair = authority.issue("server", "server", hosts=["127.0.0.1"], age=datetime.timedelta(days=age))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    async with serving(answering("200 OK"), context) as port:
        asking = Asking(fleet_url(f"{scheme}://127.0.0.1:{port}"), ca_file=authority.file if trusted else None)
        async with FleetClient(asking) as client:
            with pytest.raises(ClientError, match=words):
                await client.read("x", 100)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("proxy.example.com", "no URL of one fleet"), ("https://", "no URL of one fleet"),
        ("https://a.example.com,direct", "no URL of one fleet"), ("https://a.example.com?x", "no URL of one fleet"),
        ("ftp://a.example.com", "no URL of one fleet"), ("https://a.example.com:99999", "no URL of one fleet"),
        ("https://u:word@[", "the URL is no URL of one fleet"),
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_fleet(text: str, words: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=words):
        fleet_url(text)


def test_a_url_has_one_spelling() -> None:
    assert fleet_url("https://GO.example.com/x/").url == "https://go.example.com/x"


@pytest.mark.parametrize("text", ["", "two words", "x\x00", "a" * (17 << 10)])
def test_a_file_without_a_token_is_told(home: Path, text: str) -> None:
    (file := home / "token").write_text(text)
    with pytest.raises(UsageError, match="holds no bearer token"):
        FleetClient(Asking(fleet_url("https://go.example.com"), file))


def test_how_commands_end(capsys: pytest.CaptureFixture[str]) -> None:
    async def end(error: BaseException | None) -> int:
        if error is not None:
            raise error
        return 0

    ends = [None, ClientError("this"), UsageError("that"), BrokenPipeError()]
    assert [run_command(end(one)) for one in ends] == [0, 1, 2, 1]
    assert capsys.readouterr().err == "goproxy-operator: this\ngoproxy-operator: that\n"


async def test_an_answer_that_never_ends_is_given_up(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_client, "_WHOLE_SECONDS", 0.3)
    async with FleetClient(Asking(fleet_url(fleet.url))) as client:
        with pytest.raises(ClientError, match="too slow"):
            await client.read("drip", 1 << 20)
