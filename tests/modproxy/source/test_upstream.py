"""Another module proxy over HTTP: each status keeps its meaning, and an answer that is cut short is an error."""

import errno
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from modproxy.contract.config import CredentialConfig
from modproxy.mod.login import UrlLogin
from modproxy.request import Request
from modproxy.source.protocol import Denied, NoAnswer, NotFound, SourceError, Unavailable
from modproxy.source.upstream import UpstreamClient, UpstreamProxy
from modproxy.source.watched_server import explain
from modproxy.source.way_out.connections import Connections
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.hops import Hops, NamedPlaces
from modproxy.source.way_out.outbound import Outbound
from modproxy.via import ViaEntry
from tests.modproxy import fake_upstream as fake
from tests.modproxy.fake_upstream import Behaviour, FakeUpstream
from tests.modproxy.making import request, target
from tests.modproxy.source.fake_source import read

MOD, LIST = "example.com/!mixed/@v/v1.0.0.mod", "example.com/!mixed/@v/list"


class Asking:
    """Has an upstream client. `seconds` is its timeout, and `counted` has how its requests ended."""

    def __init__(self, folder: Path) -> None:
        self.seconds = 30.0
        self.counted: list[str] = []
        self.secrets = folder
        self.connections = Connections()

    def proxy(self, url: str, *credentials: CredentialConfig, login: UrlLogin | None = None) -> UpstreamProxy:
        known = Credentials(credentials, self.secrets)
        outbound = Outbound(known, None, None, self.secrets, self.secrets / "bundle.pem")
        hops = Hops(self.connections, outbound, NamedPlaces())
        return UpstreamProxy(
            UpstreamClient(hops, self.seconds, ViaEntry("fleet", "a"), self.counted.append), url, login
        )


@pytest.fixture
async def asking(tmp_path: Path) -> AsyncIterator[Asking]:
    made = Asking(tmp_path)
    yield made
    await made.connections.close()


async def test_an_answer_and_who_gave_it(asking: Asking, upstream: FakeUpstream) -> None:
    async with asking.proxy(upstream.url).fetch(request(MOD)) as fetched:
        assert fetched.size == len(upstream.files[MOD])
        assert fetched.origin == upstream.url
        assert b"".join([piece async for piece in fetched.body]) == upstream.files[MOD]
    assert asking.counted == ["200"]


async def test_a_login_is_not_sent_over_plain_http(asking: Asking, upstream: FakeUpstream) -> None:
    with pytest.raises(Unavailable, match="its URL has a login and is not https") as caught:
        await read(asking.proxy(upstream.url, login=UrlLogin("me", "secret")), request(MOD))
    assert "secret" not in caught.value.reason
    assert not upstream.requests


@pytest.mark.parametrize(
    ("behaviour", "kind", "status"),
    [
        (fake.status(404), NotFound, 404),
        (fake.status(410), NotFound, 410),
        (fake.status(403), Denied, 403),
        (fake.status(401), Unavailable, 502),
        (fake.status(429, headers={"Retry-After": "7"}), Unavailable, 503),
        (fake.status(500), Unavailable, 502),
        (fake.status(503), Unavailable, 503),
        (fake.status(504), Unavailable, 504),
        (fake.status(508), Unavailable, 508),
        (fake.status(203), Unavailable, 502),
        (fake.cut(b"module example.com/Mixed\n", 5), NoAnswer, 502),
        (fake.cut(b"module example.com/Mixed\n", 5, announce=False), Unavailable, 502),
    ],
)
async def test_a_status_keeps_its_meaning(
    asking: Asking, upstream: FakeUpstream, behaviour: Behaviour, kind: type[SourceError], status: int
) -> None:
    upstream.behaviours[MOD] = behaviour
    with pytest.raises(SourceError) as caught:
        await read(asking.proxy(upstream.url), request(MOD))
    assert (type(caught.value), caught.value.status) == (kind, status)


async def test_an_upstream_that_does_not_answer_in_time(asking: Asking, upstream: FakeUpstream) -> None:
    upstream.behaviours[MOD] = fake.hang()
    asking.seconds = 0.5
    with pytest.raises(NoAnswer) as caught:
        await read(asking.proxy(upstream.url), request(MOD))
    assert caught.value.status == 504


async def test_what_upstream_says_reaches_the_client_as_text_alone(asking: Asking, upstream: FakeUpstream) -> None:
    upstream.behaviours[MOD] = fake.status(404, "line one\nline \x1b[31mtwo\n\r\n" + "x" * 3000)
    with pytest.raises(NotFound) as caught:
        await read(asking.proxy(upstream.url), request(MOD))
    assert caught.value.reason.startswith(
        f'example.com/Mixed@v1.0.0 mod: upstream {upstream.url} answered 404, saying "line one; line \\x1b[31mtwo; xxx'
    )
    assert len(caught.value.reason) < 700
    assert caught.value.cause == f"{upstream.url} None 404"


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [("7", "7"), ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"), ("x" * 50, None), ("-1", None)],
)
async def test_when_to_come_again(asking: Asking, upstream: FakeUpstream, said: str, passed_on: str | None) -> None:
    upstream.behaviours[MOD] = fake.status(503, headers={"Retry-After": said})
    with pytest.raises(Unavailable) as caught:
        await read(asking.proxy(upstream.url), request(MOD))
    assert caught.value.retry_after == passed_on


async def test_nobody_is_there(asking: Asking) -> None:
    for url, said in (("http://127.0.0.1:1", "could not be reached"), ("http://nobody.invalid", "resolved|reached")):
        with pytest.raises(Unavailable, match=said):
            await read(asking.proxy(url), request(MOD))
    assert asking.counted[0] == "connect"


def test_an_http_proxy_that_is_not_there_is_told_apart_from_the_upstream() -> None:
    key = ConnectionKey("proxy.example.com", 3128, False, True, None, None, None)
    error = aiohttp.ClientProxyConnectionError(key, ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    _, words, status = explain(error)
    assert (words, status) == ("could not be reached: the HTTP proxy on the way to it: Connection refused", 502)


async def test_the_request_says_whom_it_has_passed(asking: Asking, upstream: FakeUpstream) -> None:
    await read(asking.proxy(upstream.url), Request(target(LIST), via="1.1 edge"))
    assert upstream.headers[-1]["Via"] == "1.1 edge, 1.1 modproxy-fleet~a"


async def test_credentials_are_read_for_each_request(asking: Asking, upstream: FakeUpstream, tmp_path: Path) -> None:
    login = CredentialConfig(pattern="127.0.0.1", secret_name="login")
    proxy = asking.proxy(upstream.url, login)
    with pytest.raises(Unavailable, match="Secret login is not found"):
        await read(proxy, request(LIST))
    assert not upstream.requests
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "username").write_text("ci\n")
    for password in ("one", "two"):
        (tmp_path / "login" / "password").write_text(f"{password}\n")
        await read(proxy, request(LIST))
    sent = [headers["Authorization"] for headers in upstream.headers]
    assert sent == ["Basic Y2k6b25l", "Basic Y2k6dHdv"]


async def test_a_host_of_another_script_is_looked_up_in_its_ascii_form(
    asking: Asking, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1", *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = upstream.url.rpartition(":")[2]
    await read(asking.proxy(f"http://b\u00fccher.example.com:{port}"), request(MOD))
    assert asked == ["xn--bcher-kva.example.com"]
    assert upstream.headers[-1]["Host"] == f"xn--bcher-kva.example.com:{port}"
