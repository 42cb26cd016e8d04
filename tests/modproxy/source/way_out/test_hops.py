"""Redirects of real servers on loopback: what goes over the wire at each hop, and what is not contacted."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from modproxy.contract.config import CredentialConfig, HttpProxyConfig
from modproxy.mod.pattern import parse_pattern
from modproxy.source.way_out import connections as connections_module
from modproxy.source.way_out.connections import Connections, PrivateAddressError
from modproxy.source.way_out.credentials import Credentials
from modproxy.source.way_out.hops import HopError, Hops, HostBusyError, NamedPlaces, named_hosts
from modproxy.source.way_out.outbound import Outbound
from modproxy.source.way_out.redirects import RedirectError
from tests.modproxy.raw_server import RawServer, ok, redirect

TIMEOUT = aiohttp.ClientTimeout(total=5)
HOSTS = {
    "both.example.com": ["127.0.0.1", "8.8.8.8"],
    "inner.example.com": ["127.0.0.1"],
    "six.example.com": ["fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
}


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the machine resolve the names of HOSTS, as a name server of an attacker would."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **more: Any) -> Any:
        if host not in HOSTS:
            return real(host, port, *args, **more)
        return [entry for address in HOSTS[host] for entry in real(address, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    made = Connections()
    yield made
    await made.close()


def hops_of(
    connections: Connections,
    folder: Path,
    *entries: CredentialConfig,
    named: NamedPlaces | None = None,
    proxy: HttpProxyConfig | None = None,
) -> Hops:
    outbound = Outbound(Credentials(entries, folder), proxy, None, folder, folder / "bundle.pem")
    return Hops(connections, outbound, named or NamedPlaces())


async def body_of(hops: Hops, url: str) -> bytes:
    with await hops.get(url, None, {"Via": "1.1 x"}, TIMEOUT) as answered:
        return await answered.response.read()


async def test_the_wire_has_the_signed_url_byte_for_byte(connections: Connections, tmp_path: Path) -> None:
    signed = "/b%2Fucket/%40v/%21m~!x?X-Sig=a%2Fb%40c%21d+e%20f&&empty=&p=%7E%2f"
    async with RawServer(ok(b"zip")) as cdn, RawServer(redirect(f"http://127.0.0.1:{cdn.port}{signed}")) as upstream:
        assert (
            await body_of(hops_of(connections, tmp_path), f"http://127.0.0.1:{upstream.port}/a%21b/!m/@v/x") == b"zip"
        )
    assert upstream.request_lines == ["GET /a%21b/!m/@v/x HTTP/1.1"]
    assert cdn.request_lines == [f"GET {signed} HTTP/1.1"]


async def test_a_login_is_of_the_host_that_is_contacted(connections: Connections, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "username").write_text(name)
        (tmp_path / name / "password").write_text("p")
    async with RawServer(ok(b"x")) as cdn, RawServer(b"") as upstream:
        upstream.answer = redirect(f"http://localhost:{cdn.port}/x")
        first = CredentialConfig(pattern="127.0.0.1", secret_name="one")
        hops = hops_of(connections, tmp_path, first)
        await body_of(hops, f"http://127.0.0.1:{upstream.port}/x")
        assert aiohttp.encode_basic_auth("one", "p").encode() in upstream.requests[0]
        assert b"Authorization" not in cdn.requests[0]
        hops = hops_of(connections, tmp_path, first, CredentialConfig(pattern="localhost", secret_name="two"))
        await body_of(hops, f"http://127.0.0.1:{upstream.port}/x")
        assert aiohttp.encode_basic_auth("two", "p").encode() in cdn.requests[1]


async def test_the_proxy_is_chosen_for_each_hop(connections: Connections, tmp_path: Path) -> None:
    async with RawServer(ok(b"by proxy")) as proxy, RawServer(b"") as upstream:
        upstream.answer = redirect("http://cdn.example.com/x%2Fy")
        egress = HttpProxyConfig(url=f"http://127.0.0.1:{proxy.port}", no_proxy=("127.0.0.1",))
        hops = hops_of(connections, tmp_path, proxy=egress)
        assert await body_of(hops, f"http://127.0.0.1:{upstream.port}/x") == b"by proxy"
    assert proxy.request_lines == ["GET http://cdn.example.com/x%2Fy HTTP/1.1"]


async def test_redirects_end(connections: Connections, tmp_path: Path) -> None:
    async with RawServer(b"") as upstream:
        upstream.answer = redirect("/again?secret")
        with pytest.raises(HopError) as caught:
            await body_of(hops_of(connections, tmp_path), f"http://127.0.0.1:{upstream.port}/x")
    assert str(caught.value.cause) == "redirected more than 10 times"
    assert len(upstream.requests) == 11


async def test_the_host_that_fails_is_named(connections: Connections, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    async with RawServer(redirect(f"http://localhost:{port}/path?secret")) as upstream:
        with pytest.raises(HopError) as caught:
            await body_of(hops_of(connections, tmp_path), f"http://127.0.0.1:{upstream.port}/x")
    assert caught.value.place == f"localhost:{port}"


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    "to", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "8.8.8.8", "localhost", "x.localhost"]
)
async def test_a_public_upstream_leads_to_no_address(connections: Connections, tmp_path: Path, to: str) -> None:
    async with RawServer(ok(b"secret")) as inner, RawServer(redirect(f"http://{to}:{inner.port}/x?q")) as upstream:
        with pytest.raises(HopError) as caught:
            await body_of(hops_of(connections, tmp_path), f"http://both.example.com:{upstream.port}/x")
    assert isinstance(caught.value.cause, RedirectError)
    assert f"redirected to {to}:{inner.port}, which is no public address" in str(caught.value.cause)
    assert inner.requests == []


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("to", ["inner.example.com", "six.example.com"])
async def test_a_name_is_judged_by_the_addresses_that_are_connected_to(
    connections: Connections, tmp_path: Path, to: str
) -> None:
    async with RawServer(ok(b"secret")) as inner, RawServer(redirect(f"http://{to}:{inner.port}/x")) as upstream:
        with pytest.raises(HopError) as caught:
            await body_of(hops_of(connections, tmp_path), f"http://both.example.com:{upstream.port}/x")
        assert isinstance(caught.value.cause, aiohttp.ClientConnectorDNSError)
        assert isinstance(caught.value.cause.os_error, PrivateAddressError)
        assert caught.value.place == f"{to}:{inner.port}"
    assert inner.requests == []


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("both.example.com", NamedPlaces(all_allowed=True)),
        ("both.example.com", NamedPlaces(private=(parse_pattern("*.example.com"),))),
        ("both.example.com", NamedPlaces(hosts=named_hosts(["https://inner.example.com/x"]))),
        ("inner.example.com", NamedPlaces()),
        ("127.0.0.1", NamedPlaces()),
    ],
)
async def test_a_private_address_that_is_meant(
    connections: Connections, tmp_path: Path, start: str, named: NamedPlaces
) -> None:
    async with RawServer(ok(b"x")) as inner, RawServer(b"") as upstream:
        upstream.answer = redirect(f"http://inner.example.com:{inner.port}/x")
        assert await body_of(hops_of(connections, tmp_path, named=named), f"http://{start}:{upstream.port}/x") == b"x"


@pytest.mark.usefixtures("hosts")
async def test_a_name_with_addresses_of_both_kinds_is_reached_at_the_public_ones(connections: Connections) -> None:
    connector = connections.public.connector
    assert isinstance(connector, aiohttp.TCPConnector)
    found = await connector._resolver.resolve("both.example.com", 443)
    assert [result["host"] for result in found] == ["8.8.8.8"]
    assert not await connections.is_private("both.example.com")
    assert await connections.is_private("inner.example.com")
    assert await connections.is_private("8.8.8.8")
    assert not await connections.is_private("nobody.invalid")


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize(
    ("path", "named", "may"),
    [
        ("inner.example.com/m", NamedPlaces(), False),
        ("127.0.0.1/m", NamedPlaces(), False),
        ("inner.example.com/m", NamedPlaces(all_allowed=True), True),
        ("inner.example.com/m", NamedPlaces(private=(parse_pattern("inner.example.com/m"),)), True),
        ("inner.example.com/other", NamedPlaces(private=(parse_pattern("inner.example.com/m"),)), False),
        ("both.example.com/m", NamedPlaces(), True),
        # What cannot be resolved is left to the go command, which says so.
        ("nobody.invalid/m", NamedPlaces(), True),
    ],
)
async def test_modules_of_private_hosts(
    connections: Connections, tmp_path: Path, path: str, named: NamedPlaces, may: bool
) -> None:
    assert await hops_of(connections, tmp_path, named=named).may_fetch_directly(path) is may


async def test_a_host_that_hangs_is_no_trouble_of_another(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "_MOST_OF_ONE_HOST", 20)
    silent = socket.create_server(("127.0.0.1", 0), backlog=100)
    hops = hops_of(connections, tmp_path)
    async with RawServer(ok(b"x")) as other:
        hung = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        waiting = [asyncio.create_task(body_of(hops, hung)) for _ in range(20)]
        await asyncio.sleep(0)
        with pytest.raises(HopError) as caught:
            await body_of(hops, hung)
        assert isinstance(caught.value.cause, HostBusyError)
        assert await body_of(hops, f"http://127.0.0.1:{other.port}/x") == b"x"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        silent.close()
        # Nothing is counted any more, however the requests have ended.
        with pytest.raises(HopError) as caught:
            await body_of(hops, hung)
        assert not isinstance(caught.value.cause, HostBusyError)
        assert not connections._requests
