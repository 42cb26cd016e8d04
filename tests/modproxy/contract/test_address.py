"""Addresses to listen on."""

import pytest

from modproxy.contract.address import Address, parse_address
from modproxy.contract.config import ConfigError, parse_config


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[::1]:0", "::1", 0),
        (":65535", "", 65535),
        ("localhost:1", "localhost", 1),
    ],
)
def test_an_address_is_read_and_written(text: str, host: str, port: int) -> None:
    assert parse_address(text) == Address(host, port)
    assert str(Address(host, port)) == text


@pytest.mark.parametrize("text", ["", "8080", "::1:80", "a:65536", "a:-1", "a:٣", "a:", "[::1:80"])
def test_what_is_no_address_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"write HOST:PORT, \[IPV6\]:PORT, or :PORT"):
        parse_address(text)


def test_the_config_takes_a_socket_that_was_handed_down_too() -> None:
    assert parse_config('{"listen": "fd:7", "admin": "[::]:8081"}').listen == "fd:7"
    with pytest.raises(ConfigError, match=r"listen: 'fd:x' is no address: .* or fd:N for an inherited socket"):
        parse_config('{"listen": "fd:x"}')
