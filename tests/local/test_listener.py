"""Addresses, and the one port of a fleet."""

from __future__ import annotations

import socket

import pytest

from goproxy_operator.local.listener import BindError, bind, client_url, own_hosts
from modproxy.contract.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("localhost:0", "localhost", 0),
        (":8080", "", 8080),
        ("[::1]:8080", "::1", 8080),
        ("[::]:65535", "::", 65535),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)


@pytest.mark.parametrize(
    ("listen", "called", "by_any"),
    [
        ("127.0.0.1:0", {"127.0.0.1", "localhost", "::1"}, False),
        ("localhost:0", {"localhost"}, False),
        (":0", set(), True),
    ],
)
def test_who_is_called_by_which_hosts(listen: str, called: set[str], by_any: bool) -> None:
    address = parse_address(listen)
    with bind(address) as listener:
        hosts = own_hosts(address, listener)
    assert set(hosts) >= called
    assert (not hosts) is by_any


@pytest.mark.parametrize("text", ["", "8080", "127.0.0.1", "127.0.0.1:", "::1:8080", "host:-1", "host:65536", "host:x"])
def test_what_is_no_address_is_told_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "prefix", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:80"),
        ("127.0.0.1", "/go", "http://127.0.0.1:80/go"),
        ("::1", "", "http://[::1]:80"),
        ("localhost", "", "http://localhost:80"),
        ("0.0.0.0", "", "http://127.0.0.1:80"),
    ],
)
def test_url_for_clients_on_this_machine(host: str, prefix: str, url: str) -> None:
    assert client_url(Address(host, 0), 80, prefix) == url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "", "0.0.0.0"])
def test_the_url_reaches_what_was_bound(host: str) -> None:
    with bind(Address(host, 0)) as listener:
        port = listener.getsockname()[1]
        reached = client_url(Address(host, 0), port).removeprefix("http://").rpartition(":")[0]
        with socket.create_connection((reached, port), timeout=5):
            pass


def test_a_taken_port_is_told_with_a_way_out() -> None:
    with bind(Address("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(BindError, match=f"127.0.0.1:{port} is taken by another program: .* --listen"):
            bind(Address("127.0.0.1", port))


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(BindError, match=r"192\.0\.2\.1:1234 cannot be listened on"):
        bind(Address("192.0.2.1", 1234))
